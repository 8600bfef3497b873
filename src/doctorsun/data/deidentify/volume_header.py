"""NRRD and MetaImage volumes without comments, texts and bytes after their values; the values are not touched."""

import gzip
import math
import re
import zlib
from pathlib import Path

from doctorsun.data.deidentify.action import Action
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options
from doctorsun.data.deidentify.refusal import Refusal

NRRD_SIGNATURE, META_SIGNATURE = b"NRRD000", b"ObjectType"
_LARGEST_HEADER = 1 << 20
_NUMBERS = r"(?:[-+]?\d[\d.]*(?:[eE][-+]?\d+)?|[-+]?nan|[-+]?inf|[(), ])+"
_NRRD_TYPES = {
    **dict.fromkeys(("int8", "uint8", "signed char", "unsigned char", "uchar", "int8_t", "uint8_t"), 1),
    **dict.fromkeys(("int16", "uint16", "short", "unsigned short", "ushort", "int16_t", "uint16_t", "signed short"), 2),
    **dict.fromkeys(
        ("int32", "uint32", "int", "unsigned int", "uint", "float", "int32_t", "uint32_t", "signed int"), 4
    ),
    **dict.fromkeys(("int64", "uint64", "double", "long long", "unsigned long long", "int64_t", "uint64_t"), 8),
}
_SPACE = (
    r"(?:(?:left|right)-(?:anterior|posterior)-(?:inferior|superior)|[LR][AP][IS]|scanner-xyz|3D-(?:left|right)-handed)"
    r"(?:-time|T)?"
)
_KIND = (
    r"(?:domain|space|time|list|point|vector|covariant-vector|normal|stub|scalar|complex|none|[234]-(?:vector|color)"
    r"|(?:RGB|HSV|XYZ|RGBA)-color|quaternion|\?{3})"
)
_NRRD_FIELDS = {
    "type": "|".join(_NRRD_TYPES),
    "dimension": r"\d+",
    "sizes": r"[\d ]+",
    "encoding": "raw|gzip|gz",
    "endian": "little|big",
    "space": _SPACE,
    "space dimension": r"\d+",
    "space directions": rf"(?:none|{_NUMBERS})+",
    "space origin": _NUMBERS,
    "measurement frame": _NUMBERS,
    "kinds": rf"(?:{_KIND} ?)+",
    "thicknesses": _NUMBERS,
    "spacings": _NUMBERS,
    "axis mins": _NUMBERS,
    "axis maxs": _NUMBERS,
    "centers": r"(?:(?:cell|node|none|\?{3}) ?)+",
    "centerings": r"(?:(?:cell|node|none|\?{3}) ?)+",
}
_META_TYPES = {
    **dict.fromkeys(("MET_CHAR", "MET_UCHAR"), 1),
    **dict.fromkeys(("MET_SHORT", "MET_USHORT"), 2),
    **dict.fromkeys(("MET_INT", "MET_UINT", "MET_FLOAT"), 4),
    **dict.fromkeys(("MET_DOUBLE", "MET_LONG_LONG", "MET_ULONG_LONG"), 8),
}
_META_FIELDS = {
    "ObjectType": "Image",
    "NDims": r"\d+",
    "BinaryData": "True|False",
    "BinaryDataByteOrderMSB": "True|False",
    "ElementByteOrderMSB": "True|False",
    "CompressedData": "True|False",
    "TransformMatrix": _NUMBERS,
    "Offset": _NUMBERS,
    "Position": _NUMBERS,
    "Origin": _NUMBERS,
    "Orientation": _NUMBERS,
    "CenterOfRotation": _NUMBERS,
    "AnatomicalOrientation": r"[RLAPIS]{2,3}|\?{3}",
    "ElementSpacing": _NUMBERS,
    "ElementSize": _NUMBERS,
    "DimSize": r"[\d ]+",
    "ElementNumberOfChannels": r"\d+",
    "ElementType": "|".join(_META_TYPES),
    "ElementDataFile": "LOCAL",
}


def deidentify_volume_header(path: Path, out_path: Path, key: Key, options: Options) -> list[Action]:  # noqa: ARG001 (one signature)
    """Write an NRRD or MetaImage volume (``.nrrd``, ``.mha``) with its geometry and values, and nothing else.

    Raises:
        Refusal: the file is damaged, keeps its values in another file, or packs them in a way that is not known.
    """
    data = path.read_bytes()
    clean, actions = _nrrd(data) if data.startswith(NRRD_SIGNATURE) else _meta(data)
    out_path.write_bytes(clean)
    return [*actions, Action("values", "kept", "faces in them are not looked for")]


def _nrrd(data: bytes) -> tuple[bytes, list[Action]]:
    head, found, values = data[:_LARGEST_HEADER].partition(b"\n\n")
    if not found:
        head, found, values = data[:_LARGEST_HEADER].partition(b"\r\n\r\n")
    if not found:
        raise Refusal("damaged: an NRRD header without end, or values in another file")
    values = data[len(head) + len(found) :]
    lines = head.decode("latin-1").splitlines()
    fields = _kept_fields(lines[1:], ":", _NRRD_FIELDS)
    if not {"type", "sizes", "encoding"} <= fields.keys():
        raise Refusal("an NRRD file whose values are in another file, or packed in a way that is not known")
    size = math.prod(map(int, fields["sizes"].split())) * _NRRD_TYPES[fields["type"]]
    is_packed = fields["encoding"] != "raw"
    values = _exactly(_unpacked(values) if is_packed else values, size)
    body = gzip.compress(values, mtime=0) if is_packed else values
    text = "\n".join(
        [re.sub(r"\D+$", "", lines[0][:8]) or "NRRD0004", *(f"{name}: {value}" for name, value in fields.items())]
    )
    return f"{text}\n\n".encode("latin-1") + body, _told(len(lines) - 1 - len(fields), "NRRD")


def _meta(data: bytes) -> tuple[bytes, list[Action]]:
    mark = re.search(rb"^ElementDataFile\s*=[^\n]*\n", data[:_LARGEST_HEADER], re.MULTILINE)
    if not mark:
        raise Refusal("damaged: no MetaImage header")
    lines = data[: mark.end()].decode("latin-1").splitlines()
    fields = _kept_fields(lines, "=", _META_FIELDS)
    if not {"ElementDataFile", "ElementType", "DimSize"} <= fields.keys() or fields.get("BinaryData", "True") != "True":
        raise Refusal("a MetaImage whose values are in another file, or written as text")
    channels = int(fields.get("ElementNumberOfChannels", "1"))
    size = math.prod(map(int, fields["DimSize"].split())) * _META_TYPES[fields["ElementType"]] * channels
    values, is_packed = data[mark.end() :], fields.get("CompressedData") == "True"
    values = _exactly(_unpacked(values) if is_packed else values, size)
    body = zlib.compress(values) if is_packed else values
    ordered = {name: value for name, value in fields.items() if name != "ElementDataFile"}
    ordered |= {"CompressedDataSize": str(len(body))} if is_packed else {}
    text = "".join(f"{name} = {value}\n" for name, value in (ordered | {"ElementDataFile": "LOCAL"}).items())
    return text.encode("latin-1") + body, _told(len(lines) - len(fields), "MetaImage")


def _kept_fields(lines: list[str], mark: str, known: dict[str, str]) -> dict[str, str]:
    """Return the fields that are known, where their values have the form that they should have."""
    kept: dict[str, str] = {}
    for line in lines:
        name, found, value = line.partition(mark)
        name, value = name.strip(), value.strip()
        if found and name in known and re.fullmatch(known[name], value):
            kept[name] = value
    return kept


def _unpacked(values: bytes) -> bytes:
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(values)
    except zlib.error as error:
        raise Refusal("damaged: values that cannot be unpacked") from error


def _exactly(values: bytes, size: int) -> bytes:
    if len(values) < size:
        raise Refusal("damaged: a volume that ends too early")
    return values[:size]


def _told(number: int, form: str) -> list[Action]:
    return [Action(f"{form} header line", "removed", "text, or not known to be safe")] * number
