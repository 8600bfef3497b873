"""Code strings (CS) that tell of no person: the standard's terms for an attribute, else words of the vocabulary."""

import re
from functools import cache

from doctorsun.data.deidentify.identifiers_of import Identifiers
from doctorsun.data.deidentify.profile import read_page
from doctorsun.data.deidentify.vocabulary import is_code_string

PAGE = "code_strings.yaml"


def is_safe_code_string(keyword: str, value: str, persons: Identifiers) -> bool:
    """Return whether a value may stay.

    Args:
        keyword: of the attribute; empty of a private one.
        value: one of its values.
        persons: whom the header names; a word of the vocabulary may be somebody's name.
    """
    listed = load_code_strings().get(keyword)
    if listed:
        return bool(listed.fullmatch(value.strip()))
    return is_code_string(value) and not persons.are_in(value)


@cache
def load_code_strings() -> dict[str, re.Pattern[str]]:
    """Read the attributes whose values the standard lists, each with a pattern of these."""
    page = read_page(PAGE)
    return {
        keyword: re.compile(entry.get("shape") or "|".join(map(re.escape, entry["terms"])))
        for keyword, entry in page.items()
    }
