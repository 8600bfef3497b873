"""TIFF files and whole slides without texts, labels and overviews of the glass; their stored pixels are not touched."""

import struct
from pathlib import Path

from doctorsun.data.deidentify.action import Action
from doctorsun.data.deidentify.code_streams import jpeg_2000_alone, jpeg_alone
from doctorsun.data.deidentify.colour_profile import without_texts
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options
from doctorsun.data.deidentify.refusal import Refusal
from doctorsun.data.deidentify.slide import (
    DESCRIPTION,
    clean_description,
    description_of,
    refuse_unknown_slide,
    shows_glass,
)
from doctorsun.data.deidentify.tiff_file import (
    SIZES,
    STRIPS,
    SUB_DIRECTORIES,
    TILES,
    Entry,
    Page,
    TiffReader,
    TiffWriter,
)

_ASCII, _UNDEFINED = 2, 7
_COMPRESSION, _JPEG_TABLES, _COLOUR_PROFILE, _JPEG = 259, 347, 34675, 7
_JPEG_2000 = {33003, 33004, 33005, 34712}
_PLAIN = {1, 2, 3, 4, 5, 8, 32773, 32946, 50000, 34925}
_PICTURE_TAGS = (
    {254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 286, 287}
    | {
        290,
        291,
        292,
        293,
        296,
        297,
        301,
        317,
        318,
        319,
        320,
        321,
        322,
        323,
        324,
        325,
        332,
        334,
        336,
        338,
        339,
        340,
        341,
    }
    | {529, 530, 531, 532, 32995, 32996, 32997, 32998}
)
_PICTURE_TYPES = {1, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 16, 17, 18}
_MOST_VALUES = {301: 3 << 16, 320: 3 << 16, 291: 1 << 16}  # curves and colour maps; other elements hold few values
_FEW_VALUES = 64
_NAMES = {
    269: "DocumentName",
    270: "ImageDescription",
    271: "Make",
    272: "Model",
    285: "PageName",
    305: "Software",
    306: "DateTime",
    315: "Artist",
    316: "HostComputer",
    333: "InkNames",
    337: "TargetPrinter",
    700: "XMP",
    33432: "Copyright",
    33723: "IPTC",
    34377: "Photoshop",
    34665: "EXIF",
    34675: "ICC profile",
    34853: "GPS",
    37724: "ImageSourceData",
}


def deidentify_tiff(path: Path, out_path: Path, key: Key, options: Options) -> list[Action]:  # noqa: ARG001 (one signature)
    """Write a TIFF, BigTIFF or Aperio slide anew from its pixels and the numbers that are needed to read them.

    Whatever else the file holds is not copied: texts, private elements, camera data, pages that show the label or the
    glass, and bytes that nothing leads to. Of an Aperio description, the size, the magnification and the size of
    pixels stay. Text in the pixels is not looked for.

    Raises:
        Refusal: the file is damaged, or of a kind whose identifiers cannot all be found.
    """
    actions: list[Action] = []
    try:
        with path.open("rb") as file:
            _write(TiffReader(file), out_path, actions)
    except (struct.error, IndexError, ValueError) as error:
        raise Refusal("damaged: a TIFF with elements that do not fit together") from error
    return [*actions, Action("pixels", "kept", "text in them is not looked for")]


def _write(reader: TiffReader, out_path: Path, actions: list[Action]) -> None:
    pages = reader.pages()
    refuse_unknown_slide(pages)
    kept = [page for number, page in enumerate(pages) if not shows_glass(page, number, pages)]
    if not kept:
        raise Refusal("a slide without any page but its label and overview")
    actions += [Action("page", "removed", "label or overview of the glass")] * (len(pages) - len(kept))
    with TiffWriter(out_path, reader.layout) as writer:
        for page in kept:
            _copy(page, reader, writer, actions)


def _copy(page: Page, reader: TiffReader, writer: TiffWriter, actions: list[Action], *, is_below: bool = False) -> int:
    entries = _clean_entries(page, actions)
    compression = reader.numbers(page.entries[_COMPRESSION])[0] if _COMPRESSION in page.entries else 1
    blocks = [writer.add_block(_alone(reader.block(*block), compression)) for block in page.blocks]
    tags = TILES if page.is_tiled else STRIPS
    entries[tags[0]], entries[tags[1]] = (writer.places([block[part] for block in blocks]) for part in (0, 1))
    if page.below:
        below = [_copy(each, reader, writer, actions, is_below=True) for each in page.below]
        entries[SUB_DIRECTORIES] = writer.places(below)
    return writer.add_page(entries, is_below=is_below)


def _alone(block: bytes, compression: int) -> bytes:
    """Return a strip or tile without comments of its own stream."""
    if compression == _JPEG and block:
        return jpeg_alone(block)
    if compression in _JPEG_2000 and block:
        return jpeg_2000_alone(block)
    if compression not in _PLAIN | {_JPEG} | _JPEG_2000:
        raise Refusal("a TIFF whose compression may hide texts")
    return block


def _clean_entries(page: Page, actions: list[Action]) -> dict[int, Entry]:
    kept: dict[int, Entry] = {}
    for tag, entry in page.entries.items():
        if tag == SUB_DIRECTORIES or tag in STRIPS + TILES:
            continue
        new = _clean_entry(tag, entry, page)
        if new is not None:
            kept[tag] = new
        if new != entry:
            what = "removed" if new is None else "cleaned"
            actions.append(Action(f"TIFF {_NAMES.get(tag, f'element {tag}')}", what, "not part of the picture"))
    return kept


def _clean_entry(tag: int, entry: Entry, page: Page) -> Entry | None:
    if tag == DESCRIPTION:
        text = clean_description(description_of(page))
        return Entry(_ASCII, text.encode() + b"\0") if text else None
    if tag == _JPEG_TABLES:
        return Entry(_UNDEFINED, jpeg_alone(entry.data))
    if tag == _COLOUR_PROFILE:
        profile = without_texts(entry.data)
        return Entry(_UNDEFINED, profile) if profile else None
    if tag not in _PICTURE_TAGS or entry.type not in _PICTURE_TYPES:
        return None
    return entry if len(entry.data) // SIZES[entry.type] <= _MOST_VALUES.get(tag, _FEW_VALUES) else None
