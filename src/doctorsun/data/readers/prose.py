"""Reader of prose: Markdown, plain text, HTML, XML and JSON become passages, each a document without a question.

Of JSON and other tables every record is a document: its text stands in ``text``, ``content``, ``abstract`` or ``body``.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.encoding import read_text
from doctorsun.data.readers.fields import words_of
from doctorsun.data.readers.item import Dropped, Item
from doctorsun.data.readers.layout import any_of
from doctorsun.data.readers.markup import html_blocks, markdown_blocks, plain_blocks, xml_blocks
from doctorsun.data.readers.origin import Origin, origin_of
from doctorsun.data.readers.record_files import file_values
from doctorsun.data.readers.record_reader import raw_records
from doctorsun.data.readers.source_files import SourceFile, source_files
from doctorsun.data.readers.tables import SUFFIXES
from doctorsun.errors import DataError
from doctorsun.schema import Groups, Sample
from doctorsun.text.passages import Block, passages

_NO_PAGES = ("SUMMARY.md", "README.md")  # of OpenStax
_TEXT = ("text", "content", "abstract", "body", "document", "正文", "内容")
_TITLE = ("title", "标题")
_MARKUP: dict[str, Callable[[str], list[Block]]] = {
    ".md": markdown_blocks,
    ".markdown": markdown_blocks,
    ".txt": plain_blocks,
    ".html": html_blocks,
    ".htm": html_blocks,
    ".xhtml": html_blocks,
    ".xml": xml_blocks,
    ".nxml": xml_blocks,
}
_REFERENCES = {"references", "bibliography", "works cited", "参考文献"}
_LAYOUT = any_of(*_TEXT, any_case=True)


@dataclass(frozen=True, slots=True)
class Document:
    """A file of prose, or a record with a text; ``fields`` is empty for a file."""

    id: str
    path: Path
    place: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class ProseReader:
    """Opened prose."""

    files: Sequence[SourceFile]
    origin: Origin

    def pending(self) -> Iterator[Document | Dropped]:
        """Yield the documents.

        Raises:
            DataError: a file of records is damaged, or no record has a text.
        """
        for file in self.files:
            if _kind(file.path) in _MARKUP:
                yield Document(file.name, file.path, str(file.path), {})
            else:
                for raw in raw_records(file, file_values(file.path), _LAYOUT):
                    is_none = isinstance(raw, Dropped)
                    yield raw if is_none else Document(raw.id, file.path, raw.place, raw.fields)

    def make(self, pending: Document | Dropped) -> Item:
        """Cut a document into its passages."""
        if isinstance(pending, Dropped):
            return pending
        blocks = _record_blocks(pending) if pending.fields else _file_blocks(pending.path)
        samples = tuple(self._samples(pending.id, _without_references(blocks)))
        return samples or Dropped(pending.id, "no_text")

    def _samples(self, id_: str, blocks: Iterable[Block]) -> Iterator[Sample]:
        for number, passage in enumerate(passages(blocks)):
            sample = self.origin.text_sample(id_, [("assistant", passage)], part=f"passage {number}")
            yield replace(sample, task="text", groups=Groups(article=id_))


def open_prose(section: ImportSource) -> ProseReader:
    """Open files of prose.

    Raises:
        DataError: there is none.
    """
    return ProseReader(source_files(section.path, (*_MARKUP, *SUFFIXES)), origin_of(section, "prose"))


def open_openstax(section: ImportSource) -> ProseReader:
    """Open the pages of OpenStax' Anatomy and Physiology, without its table of contents.

    The book: https://openstax.org/details/books/anatomy-and-physiology, CC BY 3.0; its pages as Markdown:
    https://github.com/philschatz/anatomy-book. Exercises, learning goals and references to videos are left out.

    Raises:
        DataError: there is no page.
    """
    url = "https://openstax.org/details/books/anatomy-and-physiology"
    pages = [file for file in source_files(section.path, (".md",)) if file.path.name not in _NO_PAGES]
    return ProseReader(pages, origin_of(section, "openstax_anatomy", url=url, licence="CC-BY-3.0"))


def _kind(path: Path) -> str:
    return (path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix).lower()


def _without_references(blocks: Iterable[Block]) -> Iterator[Block]:
    """Leave out lists of literature: what stands below such a heading, up to the next of its level."""
    level = 0
    for block in blocks:
        if block.level and (not level or block.level <= level):
            level = block.level if block.text.lower().strip(" :：") in _REFERENCES else 0
        if not level:
            yield block


def _record_blocks(document: Document) -> list[Block]:
    text = words_of(document.fields, _TEXT)
    title = words_of(document.fields, _TITLE)
    return [*([Block(title, 1)] if title else []), *plain_blocks(text)]


def _file_blocks(path: Path) -> list[Block]:
    text = read_text(path)
    read = _MARKUP[_kind(path)]
    if read is xml_blocks:
        try:
            fromstring(text.encode())
        except (ParseError, DefusedXmlException, ValueError) as error:
            raise DataError(f"{path}", got=str(error), expected="an XML document") from error
    return read(text)
