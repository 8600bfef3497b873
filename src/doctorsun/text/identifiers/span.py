"""Spans of identifiers: their kinds, how overlapping ones become one, and how patterns yield them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["name", "phone", "id_number", "record_number", "address", "email", "url", "account", "date"]


@dataclass(frozen=True, slots=True)
class Identifier:
    """A piece of text that may point to a person: ``text[start:end]``."""

    kind: Kind
    start: int
    end: int


def spans_of(pattern: re.Pattern[str], kind: Kind, text: str) -> Iterator[Identifier]:
    """Yield what the pattern finds: its group ``it`` where it has one, else the whole of each match."""
    group = "it" if "it" in pattern.groupindex else 0
    for match in pattern.finditer(text):
        yield Identifier(kind, *match.span(group))


def merged(found: Iterable[Identifier]) -> tuple[Identifier, ...]:
    """Return the spans in order, overlapping ones as one that bears the kind of the longest; of equals, the first."""
    done: list[Identifier] = []
    longest = 0
    for span in sorted(found, key=lambda each: (each.start, -each.end)):
        size = span.end - span.start
        if not done or span.start >= done[-1].end:
            done.append(span)
            longest = size
            continue
        last = done[-1]
        kind = span.kind if size > longest else last.kind
        longest = max(longest, size)
        done[-1] = Identifier(kind, last.start, max(last.end, span.end))
    return tuple(done)
