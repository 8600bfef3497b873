"""Fields of records that go by several names: ``question``, ``Question`` or ``题目`` are one thing."""

from collections.abc import Mapping, Sequence
from typing import Any

from doctorsun.data.readers.tables import as_text

QUESTION = ("question", "query", "ask", "prompt", "题目", "题干", "问题")
ANSWER = ("answer", "response", "reply", "答案", "回答")
_NAN = ("nan", "NaN")  # what published tables hold where a value was missing when they were written


def find(fields: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """Return the record's own spelling of the first of these names that it has; case does not matter."""
    spelt = {name.lower(): name for name in reversed(tuple(fields))}
    return next((spelt[name] for name in names if name in spelt), None)


def words(value: Any) -> str:
    """Return a value as clean text: no blanks around it, nothing for NaN; ``None`` is an answer of SLAKE."""
    text = as_text(value).strip()
    return "" if text in _NAN else text


def words_of(fields: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return the text of the first of these names that a record has, or nothing."""
    found = find(fields, names)
    return "" if found is None else words(fields[found])
