"""ICC colour profiles without texts, names, dates and numbers of devices; what turns values into colours stays."""

import struct

_HEADER_BYTES, _ENTRY_BYTES, _LARGEST = 128, 12, 1 << 24
_COLOUR_TYPES = {b"XYZ ", b"curv", b"para", b"mft1", b"mft2", b"mAB ", b"mBA ", b"sf32", b"chrm"}
_NAMING_HEADER = ((4, 8), (24, 36), (48, 64), (80, 128))  # maker of the module, date, device, creator, digest and rest


def without_texts(profile: bytes) -> bytes | None:
    """Return a profile of the same length whose texts, and bytes that belong to no colour element, are zero.

    None where it is no profile that can be read.

    Source: ICC.1:2022, 7.2 (header), 7.3 (table of elements), 10 (types).
    """
    if len(profile) < _HEADER_BYTES + 4 or profile[36:40] != b"acsp" or len(profile) > _LARGEST:
        return None
    number = struct.unpack_from(">I", profile, _HEADER_BYTES)[0]
    table_end = _HEADER_BYTES + 4 + number * _ENTRY_BYTES
    if table_end > len(profile):
        return None
    clean = bytearray(len(profile))
    clean[:_HEADER_BYTES] = profile[:_HEADER_BYTES]
    clean[_HEADER_BYTES + 4 : table_end] = bytes(table_end - _HEADER_BYTES - 4)
    for start, end in _NAMING_HEADER:
        clean[start:end] = bytes(end - start)
    entries: list[bytes] = []
    for place in range(_HEADER_BYTES + 4, table_end, _ENTRY_BYTES):
        _, start, size = struct.unpack_from(">4sII", profile, place)
        if start < table_end or start + size > len(profile):
            return None
        if profile[start : start + 4] in _COLOUR_TYPES:
            clean[start : start + size] = profile[start : start + size]
            entries.append(profile[place : place + _ENTRY_BYTES])
    struct.pack_into(">I", clean, _HEADER_BYTES, len(entries))
    table = b"".join(entries)
    clean[_HEADER_BYTES + 4 : _HEADER_BYTES + 4 + len(table)] = table
    return bytes(clean)
