"""What is wrong with a checked file, said with the place in it: pydantic's errors in our words."""

from collections.abc import Container, Sequence
from typing import Any

from pydantic import ValidationError

from doctorsun.config.document import describe
from doctorsun.config.seed import SEED_RANGE
from doctorsun.config.shape import Location, Page
from doctorsun.config.suggest import did_you_mean, one_of
from doctorsun.errors import RecipeError

_PLAIN_NAMES = {
    "model_type": "a mapping",
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
}
_RANGES: dict[Location, str] = {("seed",): SEED_RANGE}
"""What is said of some settings whatever is wrong with their value."""


def complain(error: ValidationError, page: Page) -> RecipeError:
    """Return one error for all that is wrong: the first complaint, then a line for each other one.

    Args:
        error: what the sections say of the file.
        page: the file.
    """
    complaints: dict[Location, RecipeError] = {}
    details = error.errors(include_url=False)
    wrong_keys = {
        path
        for each in details
        if each["loc"][-1:] == ("[key]",) and (path := page.path_of(tuple(each["loc"]))) is not None
    }
    for each in details:
        path = page.path_of(tuple(each["loc"]))
        if path is None:
            continue
        if path in wrong_keys:
            complaints[path] = _unknown_key(page, path)
        elif not (_is_below(path, wrong_keys) or _is_other_member(each)):
            other = complaints.get(path)
            complaints[path] = _either(other, each, page, path) if other else _complaint(each, page, path)
    return join_complaints(list(complaints.values()))


def join_complaints(complaints: Sequence[RecipeError]) -> RecipeError:
    """Return the first complaint with the others below it, a line each."""
    first, *others = complaints
    do = "\n".join([first.do, *(each.text() for each in others)])
    return RecipeError(first.what, got=first.got, expected=first.expected, do=do)


def _is_below(path: Location, places: Container[Location]) -> bool:
    return any(path[:depth] in places for depth in range(1, len(path)))


def _is_other_member(detail: Any) -> bool:
    """Say whether a mapping was only held against the word that may stand in its place (``language: full``)."""
    return detail["type"] == "literal_error" and isinstance(detail["input"], dict)


def _complaint(detail: Any, page: Page, path: Location) -> RecipeError:
    kind: str = detail["type"]
    context: dict[str, Any] = detail.get("ctx", {})
    match kind:
        case "extra_forbidden":
            found = _unknown_key(page, path)
        case "missing":
            found = _missing_key(page, path)
        case "union_tag_not_found":
            found = _missing_key(page, (*path, context["discriminator"].strip("'")))
        case "union_tag_invalid":
            path = (*path, context["discriminator"].strip("'"))
            found = _unknown_value(page, path, _names(context["expected_tags"]))
        case "literal_error":
            found = _unknown_value(page, path, _names(context["expected"].replace(" or ", ", ")))
        case "too_short":
            found = _wrong_value(page, path, f"at least {context['min_length']} of them")
        case "string_pattern_mismatch":
            found = _wrong_value(page, path, f"text like {context['pattern']}")
        case "value_error":
            found = RecipeError(_what(page, path, str(context["error"])), do="correct it there")
        case _:
            plain = _PLAIN_NAMES.get(kind, str(detail["msg"]).removeprefix("Input should be "))
            found = _wrong_value(page, path, _RANGES.get(path, plain))
    return found


def _what(page: Page, path: Location, problem: str, *, at_key: bool = False) -> str:
    node = page.root.nearest(*path)
    name = ".".join(str(key) for key in path) or "the file"
    return f"{node.key_mark if at_key else node.mark}: {name}: {problem}"


def _unknown_key(page: Page, path: Location) -> RecipeError:
    known = page.known_keys(path[:-1])
    name = str(path[-1])
    return RecipeError(
        _what(page, path, "unknown key", at_key=True),
        got=f"'{name}'",
        expected=one_of(known),
        do=did_you_mean(name, known, otherwise="remove it, or choose one of these"),
    )


def _missing_key(page: Page, path: Location) -> RecipeError:
    return RecipeError(_what(page, path, "missing key", at_key=True), do=f"write '{path[-1]}: ...' there")


def _unknown_value(page: Page, path: Location, known: tuple[str, ...]) -> RecipeError:
    value = page.root.nearest(*path).plain()
    return RecipeError(
        _what(page, path, "not a known value"),
        got=describe(value),
        expected=one_of(known),
        do=did_you_mean(str(value), known),
    )


def _wrong_value(page: Page, path: Location, expected: str) -> RecipeError:
    value = page.root.nearest(*path).plain()
    needs_quotes = expected == "text" and isinstance(value, int | float)
    return RecipeError(
        _what(page, path, "wrong value"),
        got=describe(value),
        expected=expected,
        do="put quotes around it" if needs_quotes else "correct it there",
    )


def _either(other: RecipeError, detail: Any, page: Page, path: Location) -> RecipeError:
    """Join the complaints of two members of a union about one value."""
    expected = ", or ".join(dict.fromkeys((other.expected, _complaint(detail, page, path).expected)))
    return RecipeError(other.what, got=other.got, expected=expected, do=other.do)


def _names(listed: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("'") for part in listed.split(","))
