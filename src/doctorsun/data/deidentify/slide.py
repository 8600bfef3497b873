"""What whole slides hold beside tissue: pages that show the label or the glass, and descriptions."""

import re
from collections.abc import Sequence

from doctorsun.data.deidentify.refusal import Refusal
from doctorsun.data.deidentify.tiff_file import Page

DESCRIPTION = 270
_HAMAMATSU, _ZEISS, _LEICA = {65420, 65421, 65422}, {34118}, "<scn"
_APERIO = re.compile(
    r"Aperio (?:Image Library|Leica Biosystems GT450|ScanScope)[^|\r\n]*?(?P<version>v\d+(?:\.\d+)*)?\s*\r?\n"
    r"(?P<rest>[^|]*)"
)
_GEOMETRY = re.compile(
    r"\d+x\d+(?: \[\d+,\d+ \d+x\d+\])?(?: \(\d+x\d+\))?(?: -> \d+x\d+)?"
    r"(?: (?:JPEG|J2K|JPEG2000|LZW|RAW|none)[A-Z0-9/]*)?(?: Q=\d+)?"
)
_FACTS = re.compile(
    r"\|\s*(?P<name>AppMag|MPP|OriginalWidth|OriginalHeight|Left|Top)\s*=\s*(?P<value>\d+(?:\.\d+)?)\s*(?=\||$)"
)
_GLASS = re.compile(r"\b(?:label|macro|overview|barcode|slide[ _]?id)", re.IGNORECASE)
_MACRO_KIND = 9  # NewSubfileType of the overview of the glass, in slides of Aperio


def description_of(page: Page) -> str:
    """Return the page's description; empty where it has none."""
    entry = page.entries.get(DESCRIPTION)
    return entry.data.decode("latin-1").rstrip("\0") if entry else ""


def refuse_unknown_slide(pages: Sequence[Page]) -> None:
    """Refuse slides that hide their labels where this module does not look.

    Raises:
        Refusal: the slide is one of Hamamatsu, Zeiss or Leica (SCN).
    """
    for page in pages:
        if page.entries.keys() & (_HAMAMATSU | _ZEISS) or _LEICA in description_of(page):
            raise Refusal("a slide of a maker whose labels cannot all be found; export it as plain TIFF or Aperio SVS")


def shows_glass(page: Page, number: int, pages: Sequence[Page]) -> bool:
    """Say whether a page shows the label or the glass rather than tissue.

    In a slide, pages without tiles do, save the small picture of the scanned region that Aperio writes second.
    """
    text = description_of(page)
    if _GLASS.search(text.partition("|")[0]):
        return True
    kind = page.entries.get(254)
    if kind and int.from_bytes(kind.data, "little") in (_MACRO_KIND, _MACRO_KIND << 24):
        return True
    is_thumbnail = number == 1 and text.startswith("Aperio") and "->" in text.partition("|")[0]
    return any(each.is_tiled for each in pages) and not page.is_tiled and not is_thumbnail


def clean_description(text: str) -> str:
    """Return what of an Aperio description is needed to read the slide; nothing of any other."""
    head = _APERIO.match(text)
    if not head:
        return ""
    size = _GEOMETRY.match(head["rest"])
    facts = "".join(f"|{fact['name']} = {fact['value']}" for fact in _FACTS.finditer(text))
    return f"Aperio Image Library {head['version'] or 'v1'}\r\n{size[0] if size else ''}{facts}"
