"""Markup to blocks of plain text: HTML and XML elements, Markdown, and plain paragraphs.

Tables, figures, formulas' annotations, scripts, reference lists and citation marks are left out; emphasis, links and
sub- and superscripts leave their words.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser

from doctorsun.text.language import has_han
from doctorsun.text.passages import Block


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LEFT_OUT = _names("""
script style head nav footer form button svg table figure caption annotation iframe noscript template
""") | _names("""
table-wrap fig ref-list journal-meta contrib-group aff author-notes permissions pub-date history article-id
article-categories counts ack fn-group kwd-group graphic media tex-math object-id self-uri volume issue fpage lpage
""")  # JATS, the XML of PubMed Central: https://jats.nlm.nih.gov
# Parts of OpenStax' pages (https://github.com/philschatz/anatomy-book): exercises, learning goals, videos.
_LEFT_OUT_TYPES = {"exercise", "abstract", "media", "cnx.eoc", "cnx.flag.introduction", "equation"}
_INLINE = _names("""
a abbr b big cite code em font i italic bold kbd mark q s sc small span strong sub sup u underline xref ext-link email
named-content styled-content math mrow mi mn mo mtext msub msup msubsup mfrac semantics term img wbr
""")
_EMPTY = _names("area base br col embed hr img input link meta source track wbr")
_HEADINGS = {f"h{level}": level for level in range(1, 7)} | {"title": 2, "article-title": 1}
_TITLES = {"title", "glossary-title"}
_CITATION = {"bibr", "table-fn", "fn"}
_CDATA = "CDATA["

_FRONT_MATTER = re.compile(r"\A---\r?\n(.*?)\r?\n---\r?\n", re.DOTALL)
_TITLE = re.compile(r"^title:\s*(.*?)\s*$", re.MULTILINE)
_FENCE = re.compile(r"^(?:```|~~~).*$", re.MULTILINE)
_PICTURE = re.compile(r"!\[[^\]]*\]\((?:[^()\"]|\"[^\"]*\"|\([^()]*\))*\)")
_LINK_MARK = r"\[\\?\[link\\?\]\]\([^)]*\)(?:\*\*\w+\*\*(?:\{:[^}]*\})?)?"
_LINK_IN_BRACKETS = re.compile(rf"\s*\((?:see |and |also |or |,|;|\s|{_LINK_MARK})*{_LINK_MARK}\s*\)")
_LINK_TO = re.compile(r"(^|[.!?] )?\[\\?\[link\\?\]\]\([^)]*#(fig|tbl)?[^)]*\)", re.MULTILINE)
_LINK = re.compile(r"\[((?:[^\[\]]|\\[\[\]])*)\](?:\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\])")
_LINK_TARGET = re.compile(r"^\s{0,3}\[[^\]]+\]:\s+\S+.*$", re.MULTILINE)
_FOOTNOTE = re.compile(r"\[\^[^\]]+\]:?")
_ATTRIBUTES = re.compile(r"\{:[^}]*\}")
_PIPE_TABLE = re.compile(r"^\s*\|.*$", re.MULTILINE)
_DEFINITION = re.compile(r"\n:\s+")
_CARET = re.compile(r"^\^\s*$", re.MULTILINE)
_EMPHASIS = re.compile(r"(\*\*|__|\*|(?<!\w)_)(?=\S)(.{1,500}?)(?<=\S)\1", re.DOTALL)  # bounded: stars may stand alone
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!|<>~-])")
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*")
_EMPTY_HEADING = re.compile(r"^(#{1,6})[ \t]*\n\s*(?=\S)", re.MULTILINE)  # its words stand in the next line
_LIST_LINE = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+")
_BULLET = re.compile(r"^\s*[*+-]\s+")
_BLANKS = re.compile(r"[ \t\u00a0\u3000]+")
_SENTENCE_END = re.compile(r"[.!?:。！？：；][\"'”’)）」』]*$")


def markdown_blocks(text: str) -> list[Block]:
    """Return the blocks of a Markdown document; the title of its front matter is the first heading."""
    front = _FRONT_MATTER.match(text)
    title = _TITLE.search(front[1]) if front else None
    body = _plain_markdown(_without_elements(text[front.end() :] if front else text, is_xml=False))
    blocks = list(_blocks(body))
    return [Block(unescape(title[1].strip("\"'")), 1), *blocks] if title else blocks


def html_blocks(text: str) -> list[Block]:
    """Return the blocks of an HTML page."""
    return list(_blocks(_without_elements(text, is_xml=False)))


def xml_blocks(text: str) -> list[Block]:
    """Return the blocks of an XML document, whose elements are blocks but for known inline ones."""
    return list(_blocks(_without_elements(text, is_xml=True)))


def plain_blocks(text: str) -> list[Block]:
    """Return the paragraphs of a plain text: between empty lines, or, where there are none, its lines."""
    parts = re.split(r"\n\s*\n", text)
    if len(parts) == 1:
        parts = text.splitlines()
    joined = (_joined(part.splitlines()) for part in parts)
    return [Block(paragraph) for paragraph in joined if paragraph]


@dataclass(frozen=True, slots=True)
class _Open:
    """An element that is open, whether it is left out, and what stands behind its words."""

    name: str
    is_out: bool
    closing: str


class _Elements(HTMLParser):
    """Text of elements, with line ends where blocks end, and headings as in Markdown."""

    def __init__(self, *, is_xml: bool) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._is_xml = is_xml
        self._open: list[_Open] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name, told = tag.rpartition(":")[2], {key: value or "" for key, value in attrs}
        is_out = bool(self._open and self._open[-1].is_out) or _is_left_out(name, told)
        opening, closing = ("", "") if is_out else _line_ends(name, told)
        self.parts.append(opening)
        if self._is_xml or name not in _EMPTY:
            self._open.append(_Open(name, is_out, closing))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self._is_xml or tag.rpartition(":")[2] not in _EMPTY:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name not in [each.name for each in self._open]:
            return
        closed = ""
        while closed != name:
            element = self._open.pop()
            closed = element.name
            self.parts.append(element.closing)

    def handle_data(self, data: str) -> None:
        if not (self._open and self._open[-1].is_out):
            self.parts.append(data)

    def unknown_decl(self, data: str) -> None:
        if data.startswith(_CDATA):
            self.handle_data(data.removeprefix(_CDATA))


def _line_ends(name: str, told: dict[str, str]) -> tuple[str, str]:
    """Return what stands before and behind the words of an element."""
    if name in _HEADINGS or told.get("data-type") in _TITLES:
        return "\n\n" + "#" * _HEADINGS.get(name, 4) + " ", "\n\n"
    if name in _INLINE:
        return "", ""
    return {"br": ("\n", ""), "li": ("\n- ", "")}.get(name, ("\n\n", "\n\n"))


def _is_left_out(name: str, told: dict[str, str]) -> bool:
    return (
        name in _LEFT_OUT
        or told.get("data-type") in _LEFT_OUT_TYPES
        or "interactive" in told.get("class", "").split()
        or (name == "xref" and told.get("ref-type") in _CITATION)
    )


def _without_elements(text: str, *, is_xml: bool) -> str:
    parser = _Elements(is_xml=is_xml)
    parser.feed(text)
    parser.close()
    return _EMPTY_HEADING.sub(r"\1 ", "".join(parser.parts))


def _plain_markdown(text: str) -> str:
    for pattern in (_FENCE, _PICTURE, _LINK_IN_BRACKETS):
        text = pattern.sub("", text)
    text = _LINK_TO.sub(_referred, text)
    for pattern in (_LINK_TARGET, _PIPE_TABLE, _FOOTNOTE, _ATTRIBUTES, _CARET):
        text = pattern.sub("", text)
    text = _DEFINITION.sub(": ", _LINK.sub(r"\1", text))
    for _ in range(2):  # bold around italic
        text = _EMPHASIS.sub(r"\2", text)
    return _ESCAPED.sub(r"\1", text)


def _referred(mark: re.Match[str]) -> str:
    """Return the words for a reference, with a capital where it opens a sentence."""
    name = {"fig": "the figure", "tbl": "the table"}.get(mark[2], "the text")
    return name if mark[1] is None else mark[1] + name.capitalize()


def _blocks(text: str) -> Iterator[Block]:
    for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        held: list[str] = []
        for line in part.splitlines():
            heading = _HEADING.fullmatch(line.strip())
            if heading and heading[2]:
                yield from _paragraph(held)
                held = []
                yield Block(_BLANKS.sub(" ", heading[2]).strip(), len(heading[1]))
            else:
                held.append(line)
        yield from _paragraph(held)


def _paragraph(lines: list[str]) -> Iterator[Block]:
    text = _joined(lines, wraps=True)
    if any(char.isalnum() for char in text):
        yield Block(text)


def _joined(lines: list[str], *, wraps: bool = False) -> str:
    """Join the lines of a paragraph; items of a list, and of a plain text what ends a sentence, keep their line."""
    text = ""
    for line in lines:
        clean = _BLANKS.sub(" ", _BULLET.sub("- ", line)).strip()
        if not clean or not text:
            text += clean
        elif _LIST_LINE.match(line) or (not wraps and _SENTENCE_END.search(text)):
            text += f"\n{clean}"
        else:
            text += clean if has_han(text[-1]) or has_han(clean[0]) else f" {clean}"
    return text
