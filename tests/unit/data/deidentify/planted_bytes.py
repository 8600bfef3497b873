"""Marks that stand for identifiers, and a search for them in the bytes of files, in every encoding."""

import gzip
import re
import zlib
from pathlib import Path

from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options

MARK = "Zhzq"
KEY, OPTIONS = Key(b"a secret of the tests, long enough"), Options()


def survivors(path: Path) -> list[str]:
    """Return the encodings in which a mark stands in a file, packed parts included; letters may be of any case."""
    data = path.read_bytes()
    contents = [data, *_unpacked(data)]
    forms = {name: MARK.lower().encode(name) for name in ("ascii", "utf-16-le", "utf-16-be", "utf-32-le")}
    return [name for name, form in forms.items() for content in contents if form in content.lower()]


def _unpacked(data: bytes) -> list[bytes]:
    """Return what is packed by gzip or zlib in a file, wherever it begins."""
    found: list[bytes] = []
    for start in [match.start() for match in re.finditer(rb"\x1f\x8b\x08|x[\x01\x5e\x9c\xda]", data)]:
        try:
            found.append(zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data[start:]))
        except (zlib.error, gzip.BadGzipFile):
            continue
    return found
