"""TIFF and BigTIFF as a chain of directories: read without trusting them, and written anew from their parts."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Self

from doctorsun.data.deidentify.refusal import Refusal

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_LETTERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_LONG, _LONG8 = 4, 16
_MOST_ENTRIES, _MOST_PAGES, _MOST_VALUE_BYTES = 1024, 4096, 1 << 28
STRIPS, TILES, SUB_DIRECTORIES = (273, 279), (324, 325), 330


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file writes numbers: their order, and whether it is a BigTIFF."""

    order: str
    is_big: bool

    @property
    def offset(self) -> str:
        """The letter of `struct` for a place in the file."""
        return "Q" if self.is_big else "I"


@dataclass(frozen=True, slots=True)
class Entry:
    """One element of a directory: its type and its bytes, in the file's order."""

    type: int
    data: bytes


@dataclass(slots=True)
class Page:
    """One directory: its elements by tag, where its pixels lie, and the directories below it."""

    entries: dict[int, Entry]
    blocks: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    below: list["Page"] = field(default_factory=list["Page"])

    @property
    def is_tiled(self) -> bool:
        """Whether its pixels lie in tiles, as those of large pictures do."""
        return TILES[0] in self.entries


class TiffReader:
    """An open file.

    Args:
        file: at any place.

    Raises:
        Refusal: it is no TIFF, or damaged.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, 2)
        file.seek(0)
        head = file.read(16).ljust(16, b"\0")
        order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
        version = struct.unpack_from(f"{order}H", head, 2)[0] if order else 0
        if version not in (42, 43):
            raise Refusal("damaged: no TIFF")
        self.layout = Layout(order, version == 43)  # noqa: PLR2004 (the format's number)
        self._first = struct.unpack_from(f"{order}{self.layout.offset}", head, 8 if self.layout.is_big else 4)[0]

    def pages(self) -> list[Page]:
        """Return all directories of the chain, with those below them."""
        return list(self._chain(self._first, set()))

    def numbers(self, entry: Entry) -> tuple[int, ...]:
        """Return the values of an element of whole numbers."""
        letter = _LETTERS.get(entry.type)
        if letter is None:
            raise Refusal("damaged: a TIFF with text where numbers belong")
        return struct.unpack(f"{self.layout.order}{len(entry.data) // SIZES[entry.type]}{letter}", entry.data)

    def block(self, place: int, size: int) -> bytes:
        """Return one strip or tile."""
        return self._bytes(place, size)

    def _chain(self, place: int, seen: set[int]) -> Iterator[Page]:
        while place:
            if place in seen or len(seen) > _MOST_PAGES:
                raise Refusal("damaged: a TIFF whose directories go round")
            seen.add(place)
            page, place = self._page(place, seen)
            yield page

    def _page(self, place: int, seen: set[int]) -> tuple[Page, int]:
        order, offset = self.layout.order, self.layout.offset
        count_format, width = (f"{order}Q", 20) if self.layout.is_big else (f"{order}H", 12)
        start = place + struct.calcsize(count_format)
        number = struct.unpack(count_format, self._bytes(place, start - place))[0]
        if number > _MOST_ENTRIES:
            raise Refusal("damaged: a TIFF with too many elements")
        table = self._bytes(start, number * width + struct.calcsize(offset))
        entries: dict[int, Entry] = {}
        for row in range(0, number * width, width):
            tag, kind, count = struct.unpack_from(f"{order}HH{offset}", table, row)
            if kind in SIZES:
                entries[tag] = Entry(kind, self._value(table[row : row + width], SIZES[kind] * count))
        page = Page(entries, self._blocks(entries))
        if SUB_DIRECTORIES in entries:
            page.below = [each for sub in self.numbers(entries[SUB_DIRECTORIES]) for each in self._chain(sub, seen)]
        return page, struct.unpack_from(f"{order}{offset}", table, number * width)[0]

    def _value(self, row: bytes, size: int) -> bytes:
        field_bytes = struct.calcsize(self.layout.offset)
        if size <= field_bytes:
            return row[-field_bytes:][:size]
        if size > _MOST_VALUE_BYTES:
            raise Refusal("damaged: a TIFF with too long an element")
        return self._bytes(struct.unpack(f"{self.layout.order}{self.layout.offset}", row[-field_bytes:])[0], size)

    def _blocks(self, entries: dict[int, Entry]) -> list[tuple[int, int]]:
        for places, sizes in (TILES, STRIPS):
            if places in entries:
                found = self.numbers(entries[places])
                told = self.numbers(entries[sizes]) if sizes in entries else ()
                if len(told) != len(found):
                    raise Refusal("damaged: a TIFF that does not tell how long its strips are")
                return list(zip(found, told, strict=True))
        return []

    def _bytes(self, place: int, size: int) -> bytes:
        if place < 0 or place + size > self._size:
            raise Refusal("damaged: a TIFF ends too early")
        self._file.seek(place)
        return self._file.read(size)


class TiffWriter:
    """A file in the making: pixels go in as they come, each directory after its own.

    Args:
        path: the new file.
        layout: that of the file that is written anew.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        self._layout = layout
        self._file = path.open("wb")
        self._file.write(b"II" if layout.order == "<" else b"MM")
        self._file.write(self._packed("HHHQ", 43, 8, 0, 0) if layout.is_big else self._packed("HI", 42, 0))
        self._link = 8 if layout.is_big else 4

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add_block(self, data: bytes) -> tuple[int, int]:
        """Write one strip or tile, and return where it lies."""
        return (self._append(data), len(data)) if data else (0, 0)

    def add_page(self, entries: dict[int, Entry], *, is_below: bool = False) -> int:
        """Write a directory, and return where it lies; it joins the chain, unless another one leads to it."""
        big = self._layout.is_big
        rows = b"".join(self._row(tag, entries[tag]) for tag in sorted(entries))
        count = self._packed("Q" if big else "H", len(entries))
        place = self._append(count + rows + self._packed(self._layout.offset, 0))
        if not is_below:
            self._file.seek(self._link)
            self._file.write(self._packed(self._layout.offset, place))
            self._link = place + len(count) + len(rows)
        return place

    def places(self, values: list[int]) -> Entry:
        """Return an element of places in the file, or of sizes."""
        kind = _LONG8 if self._layout.is_big else _LONG
        return Entry(kind, self._packed(f"{len(values)}{self._layout.offset}", *values))

    def _row(self, tag: int, entry: Entry) -> bytes:
        width = struct.calcsize(self._layout.offset)
        inside = entry.data.ljust(width, b"\0") if len(entry.data) <= width else b""
        value = inside or self._packed(self._layout.offset, self._append(entry.data))
        return self._packed(f"HH{self._layout.offset}", tag, entry.type, len(entry.data) // SIZES[entry.type]) + value

    def _append(self, data: bytes) -> int:
        place = self._file.seek(0, 2)
        if place % 2:  # directories and values begin at even places
            self._file.write(b"\0")
            place += 1
        self._file.write(data)
        return place

    def _packed(self, letters: str, *values: int) -> bytes:
        return struct.pack(f"{self._layout.order}{letters}", *values)
