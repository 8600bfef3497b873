"""NIfTI volumes without texts, extensions and bytes after their values; the values are not touched."""

import gzip
import math
import struct
import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from doctorsun.data.deidentify.action import Action
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options
from doctorsun.data.deidentify.refusal import Refusal

GZIP_SIGNATURE = b"\x1f\x8b"
_MAGIC_LENGTH, _BLOCK = 4, 1 << 20
_CIFTI_INTENTS = range(3000, 3100)
_GZIP_LEVEL = 6


@dataclass(frozen=True, slots=True)
class _Form:
    """Where a version keeps what: (offset, length) of texts, and of the numbers that tell where the values lie."""

    length: int
    magic_at: int
    single: tuple[bytes, ...]
    paired: tuple[bytes, ...]
    dimensions: tuple[str, int]
    bits: int
    intent: tuple[str, int]
    values_at: tuple[str, int]
    texts: tuple[tuple[str, int, int], ...]


_FORMS = (
    _Form(
        348,
        344,
        (b"n+1\0",),
        (b"ni1\0",),
        ("8h", 40),
        72,
        ("h", 68),
        ("f", 108),
        (
            ("data_type", 4, 10),
            ("db_name", 14, 18),
            ("extents", 32, 4),
            ("session_error", 36, 2),
            ("glmax, glmin", 140, 8),
            ("descrip", 148, 80),
            ("aux_file", 228, 24),
            ("intent_name", 328, 16),
        ),
    ),
    _Form(
        540,
        4,
        (b"n+2\0",),
        (b"ni2\0",),
        ("8q", 16),
        14,
        ("i", 504),
        ("q", 168),
        (("descrip", 240, 80), ("aux_file", 320, 24), ("intent_name", 508, 16), ("unused_str", 525, 15)),
    ),
)


def is_nifti(path: Path) -> bool:
    """Say whether a file, packed or not, is a NIfTI volume or the header of one."""
    try:
        with _reading(path) as file:
            head = file.read(_FORMS[0].length)
    except (OSError, EOFError, zlib.error):
        return False
    return any(head[form.magic_at : form.magic_at + 4] in form.single + form.paired for form in _FORMS)


def deidentify_nifti(path: Path, out_path: Path, key: Key, options: Options) -> list[Action]:  # noqa: ARG001 (one signature)
    """Write a volume of NIfTI-1 or NIfTI-2 with its geometry and values, and nothing else; packed if it was.

    A pair of header and values (``.hdr``, ``.img``) becomes one file.

    Raises:
        Refusal: the file is damaged, has no values beside it, or keeps names in what its values need (CIFTI).
    """
    with ExitStack() as opened:
        file = opened.enter_context(_reading(path))
        head = bytearray(file.read(_FORMS[0].length))
        form = _form_of(bytes(head))
        head += file.read(form.length - len(head))
        order = _order(head)
        if struct.unpack_from(order + form.intent[0], head, form.intent[1])[0] in _CIFTI_INTENTS:
            raise Refusal("a CIFTI file: its axes stand in an extension that may name people")
        size, place = _size_of_values(head, form, order)
        is_pair = bytes(head[form.magic_at : form.magic_at + 4]) in form.paired
        values = opened.enter_context(_reading(_values_beside(path))) if is_pair else file
        actions = _clean_header(head, form, order)
        values.seek(0 if is_pair and place == 0 else place)
        target = opened.enter_context(_writing(out_path, packed=is_packed(path)))
        target.write(bytes(head) + bytes(4))
        _copy(values, target, size)
        if values.read(1):
            actions.append(Action("bytes after the values", "removed", "not part of the volume"))
    if place > form.length + 4:
        actions.append(Action("NIfTI extensions", "removed", "text"))
    return [*actions, Action("values", "kept", "faces in them are not looked for")]


def _reading(path: Path) -> BinaryIO:
    return gzip.open(path, "rb") if is_packed(path) else path.open("rb")  # pyright: ignore[reportReturnType]


def is_packed(path: Path) -> bool:
    """Say whether a file is packed by gzip."""
    with path.open("rb") as file:
        return file.read(2) == GZIP_SIGNATURE


def _writing(path: Path, *, packed: bool) -> BinaryIO:
    """Open a file for writing; a packed one names no file and no time."""
    if not packed:
        return path.open("wb")
    return _PackedFile(path)  # pyright: ignore[reportReturnType]


class _PackedFile(gzip.GzipFile):
    """A packed file that closes the file below it."""

    def __init__(self, path: Path) -> None:
        self._below = path.open("wb")
        super().__init__(filename="", mode="wb", compresslevel=_GZIP_LEVEL, fileobj=self._below, mtime=0)

    def close(self) -> None:
        super().close()
        self._below.close()


def _form_of(head: bytes) -> _Form:
    for form in _FORMS:
        if head[form.magic_at : form.magic_at + _MAGIC_LENGTH] in form.single + form.paired:
            return form
    raise Refusal("damaged: no NIfTI header")


def _order(head: bytes | bytearray) -> str:
    lengths = {form.length for form in _FORMS}
    for order in "<>":
        if struct.unpack_from(f"{order}i", head)[0] in lengths:
            return order
    raise Refusal("damaged: no NIfTI header")


def _size_of_values(head: bytearray, form: _Form, order: str) -> tuple[int, int]:
    """Return how many bytes the values take, and where they begin."""
    number, *sizes = struct.unpack_from(order + form.dimensions[0], head, form.dimensions[1])
    bits = struct.unpack_from(f"{order}h", head, form.bits)[0]
    place = struct.unpack_from(order + form.values_at[0], head, form.values_at[1])[0]
    if not 1 <= number <= len(sizes) or min(sizes[:number]) < 1 or bits <= 0 or not math.isfinite(place) or place < 0:
        raise Refusal("damaged: a NIfTI header with impossible sizes")
    return math.ceil(math.prod(sizes[:number]) * bits / 8), int(place)


def _clean_header(head: bytearray, form: _Form, order: str) -> list[Action]:
    actions: list[Action] = []
    for name, start, length in form.texts:
        if any(head[start : start + length]):
            head[start : start + length] = bytes(length)
            actions.append(Action(f"NIfTI {name}", "emptied", "text"))
    head[form.magic_at : form.magic_at + 4] = form.single[0]
    struct.pack_into(order + form.values_at[0], head, form.values_at[1], form.length + 4)
    return actions


def values_beside_header(path: Path) -> Path | None:
    """Return the file of the values where a volume's header says that they are in another; None of other volumes.

    Raises:
        Refusal: there is no such file.
    """
    with _reading(path) as file:
        head = file.read(_FORMS[0].length)
    form = _form_of(head)
    is_pair = head[form.magic_at : form.magic_at + _MAGIC_LENGTH] in form.paired
    return _values_beside(path) if is_pair else None


def is_values_of_pair(path: Path) -> bool:
    """Say whether a file holds the values (``.img``) of a header beside it, with which it becomes one file."""
    stem = path.name.removesuffix(".gz")
    if not stem.lower().endswith(".img"):
        return False
    headers = (path.with_name(stem[:-4] + ending) for ending in (".hdr", ".HDR", ".hdr.gz"))
    return any(header.exists() and is_nifti(header) and _values_beside(header) == path for header in headers)


def _values_beside(path: Path) -> Path:
    stem = path.name.removesuffix(".gz")
    for ending in (".img", ".IMG", ".img.gz"):
        beside = path.with_name(stem[: stem.rfind(".")] + ending)
        if beside.exists():
            return beside
    raise Refusal("a NIfTI header without its values beside it")


def _copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    while size:
        block = source.read(min(size, _BLOCK))
        if not block:
            raise Refusal("damaged: a volume that ends too early")
        target.write(block)
        size -= len(block)
