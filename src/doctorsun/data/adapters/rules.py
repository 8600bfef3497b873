"""Rules of adapters: what the fields of an item tell of its modality, its patient or its split."""

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

from doctorsun.config.data import Split
from doctorsun.data.adapters.adapter import FieldRule, SplitRule
from doctorsun.data.readers.paths import filled
from doctorsun.data.readers.record import Record
from doctorsun.errors import DataError

VALIDATION_PERCENT = 5
TEST_PERCENT = 10
TextT = TypeVar("TextT", bound=str)


def value_of(rule: str | FieldRule, record: Record, name: str) -> str:
    """Return the value of an item.

    Args:
        rule: a template of fields, or a rule.
        record: the item.
        name: of the value, the key of the adapter that holds the rule.

    Raises:
        DataError: a field is not known, its text is unlike ``match``, or ``values`` does not name it.
    """
    if isinstance(rule, str):
        return filled(rule, record.fields)
    text = _matched(rule.field, rule.match, record, name)
    return _translated(text, rule.values, record, name, "VALUE") if rule.values else text


def split_of(rule: Split | SplitRule, record: Record, root: Path) -> Split:
    """Return the split of an item.

    Raises:
        DataError: a field is not known, its text is not one that the rule translates, or no list names the item.
    """
    if isinstance(rule, str):
        return rule
    if rule.field is not None:
        text = _matched(rule.field, rule.match, record, "split")
        split = _translated(text, rule.values, record, "split", "train")
    elif rule.lists is not None:
        split = _listed(rule, filled(rule.key, record.fields), root, record)
    else:
        return _by_hash(filled(rule.hash or "{name}", record.fields), TEST_PERCENT)
    if split == "train" and rule.hash is not None:
        return _by_hash(filled(rule.hash, record.fields), 0)
    return split


def _matched(template: str, match: str, record: Record, name: str) -> str:
    text = filled(template, record.fields)
    if not match:
        return text
    found = re.search(match, text)
    if found is None:
        raise DataError(
            f"{name} of {record.original_id}",
            got=f"'{text}'",
            expected=f"text like {match}",
            do=f"correct {name}.match in the adapter",
        )
    return found.group(1)


def _translated(text: str, values: Mapping[str, TextT], record: Record, name: str, to: str) -> TextT:
    if text not in values:
        raise DataError(
            f"{name} of {record.original_id}",
            got=f"'{text}'",
            expected="one of " + ", ".join(f"'{known}'" for known in values),
            do=f"add the line '{text}: {to}' under {name}.values in the adapter",
        )
    return values[text]


def _listed(rule: SplitRule, key: str, root: Path, record: Record) -> Split:
    lists = rule.lists or {}
    for split, path in lists.items():
        if key in _lines(root / path):
            return split
    raise DataError(
        f"split of {record.original_id}",
        got=f"'{key}' in no list",
        expected="a line of " + ", ".join(lists.values()),
        do="correct split.key in the adapter, or complete the lists",
    )


@cache
def _lines(path: Path) -> frozenset[str]:
    """Return the lines of a list; kept, because every item of a data set asks for them."""
    try:
        return frozenset(line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}", got=str(error), expected="the list of a split", do="check --root") from error


def _by_hash(key: str, test_percent: int) -> Split:
    share = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) % 100
    if share < test_percent:
        return "test"
    return "validation" if share < test_percent + VALIDATION_PERCENT else "train"
