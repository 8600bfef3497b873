"""Reader of Pascal VOC annotations: an XML file per picture (http://host.robots.ox.ac.uk/pascal/VOC/)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import Element, ParseError

from doctorsun.config.section import Section
from doctorsun.data.readers.box_form import BoxForm, box_from
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.marks import cut_to_picture
from doctorsun.data.readers.paths import PathPattern
from doctorsun.data.readers.picture_record import item_picture, size_of
from doctorsun.data.readers.record import Mark, Record

_CORNERS = ("xmin", "ymin", "xmax", "ymax")


class Voc(Section):
    """Settings of the reader, and the reader."""

    kind: Literal["voc"]
    annotations: str
    """Pattern of the annotation files, such as ``Annotations/{name}.xml``."""
    image: str
    """Template of the picture's path; its parts are those of ``annotations``, and ``{filename}`` of the XML."""
    form: BoxForm = BoxForm(first_pixel=1, last="inclusive")
    """How boxes are written. The challenge counts pixels from 1, and its boxes end with their last pixel (VOC2012
    development kit); programs that came later often count from 0."""
    difficult: bool = True
    """Whether objects that are marked as difficult count."""

    def pending(self, root: Path) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield the path below the root and the named parts of every annotation file."""
        yield from PathPattern(self.annotations).listed(root)

    def read(self, pending: tuple[str, dict[str, str]], root: Path) -> Sequence[Record] | Dropped:
        """Read one picture with its objects."""
        from defusedxml.common import DefusedXmlException
        from defusedxml.ElementTree import parse

        name, fields = pending
        try:
            document: Element | None = parse(root / name).getroot()
        except (ParseError, DefusedXmlException, OSError) as error:
            return Dropped(name, "annotation", str(error))
        if document is None:
            return Dropped(name, "annotation", "an empty document")
        filename = (document.findtext("filename") or "").strip()
        record = item_picture(self.image, name, {"filename": filename} | fields, root)
        return record if isinstance(record, Dropped) else self._marked(record, document)

    def _marked(self, record: Record, document: Element) -> Sequence[Record] | Dropped:
        height, width = size = size_of(record.picture)
        told = [(document.findtext(f"size/{side}") or "0").strip() for side in ("width", "height")]
        if told not in (["0", "0"], [str(width), str(height)]):
            return Dropped(
                record.original_id, "size_mismatch", f"annotated {' x '.join(told)}, picture {width} x {height}"
            )
        marks: list[Mark] = []
        for item in document.iterfind("object"):
            if not self.difficult and (item.findtext("difficult") or "0").strip() == "1":
                continue
            label = (item.findtext("name") or "").strip()
            texts = [(item.findtext(f"bndbox/{corner}") or "").strip() for corner in _CORNERS]
            box = self._box(texts, size)
            if box is None or not label:
                return Dropped(record.original_id, "box", f"'{label}' at {' '.join(texts)}")
            marks.append(Mark(label=label, box_px=box))
        return (replace(record, marks=tuple(marks)),)

    def _box(self, texts: Sequence[str], size: tuple[int, int]) -> tuple[float, float, float, float] | None:
        """Return a box, or None where it is no box in the picture."""
        try:
            a, b, c, d = (float(text) for text in texts)
        except ValueError:
            return None
        return cut_to_picture(box_from((a, b, c, d), self.form, size), size)
