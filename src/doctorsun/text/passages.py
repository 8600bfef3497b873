"""Passages: long texts cut at headings, paragraphs and sentences, never inside a sentence."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from doctorsun.text.language import has_han

MAX_CHARACTERS = 1500
"""Of a passage, its heading included; one sentence that is longer stays whole."""

_END = re.compile(r"(?<=[。！？；])[”’」』）]*|(?<=[.!?])[\"'”’)\]]*(?=\s+[\"'“‘(\[]*[A-Z0-9\u3400-\u9fff])")
# A full stop behind these, or behind a single letter, ends no sentence.
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[])(?:[A-Za-z]|Dr|Mr|Mrs|Ms|Prof|St|Fig|Figs|Eq|No|Nos|Vol|al|vs|cf|ca|approx|resp|sp|spp|var|"
    r"e\.g|i\.e|U\.S|a\.m|p\.m)\.$"
)


@dataclass(frozen=True, slots=True)
class Block:
    """A heading (level 1 to 6) or a paragraph (level 0) of a document."""

    text: str
    level: int = 0


def sentences(text: str) -> list[str]:
    """Cut a text behind its sentences; joined again they are the text, but for blanks between them."""
    found: list[str] = []
    start = 0
    for end in _END.finditer(text):
        if not _ABBREVIATION.search(text[start : end.end()]):
            found.append(text[start : end.end()].strip())
            start = end.end()
    return [sentence for sentence in (*found, text[start:].strip()) if sentence]


def passages(blocks: Iterable[Block], max_characters: int = MAX_CHARACTERS) -> Iterator[str]:
    """Yield passages: paragraphs under one heading as long as they fit; a heading opens the first one below it.

    Args:
        blocks: of a document.
        max_characters: of a passage; a sentence that is longer is a passage of its own.
    """
    heading = ""
    held: list[str] = []
    for block in blocks:
        if block.level:
            yield from _packed(heading, held, max_characters)
            heading, held = block.text, []
        else:
            held.append(block.text)
    yield from _packed(heading, held, max_characters)


def _packed(heading: str, paragraphs: Sequence[str], limit: int) -> Iterator[str]:
    """Pack the paragraphs below a heading; a heading without paragraphs is no passage."""
    passage = heading if paragraphs else ""
    for paragraph in paragraphs:
        for piece in _pieces(paragraph, limit - len(heading) - 2 if heading else limit):
            joined = f"{passage}\n\n{piece}" if passage else piece
            if len(joined) > limit and passage != heading:
                yield passage
                joined = piece
            passage = joined
    if passage:
        yield passage


def _pieces(paragraph: str, limit: int) -> Iterator[str]:
    """Yield a paragraph, or runs of its lines and sentences where it is too long."""
    if len(paragraph) <= limit:
        yield paragraph
        return
    piece = ""
    for line in paragraph.splitlines():
        gap = "\n"
        for sentence in sentences(line):
            joined = f"{piece}{gap}{sentence}" if piece else sentence
            if len(joined) > limit and piece:
                yield piece
                joined = sentence
            piece, gap = joined, "" if has_han(sentence[-1:] + sentence[:1]) else " "
    if piece:
        yield piece
