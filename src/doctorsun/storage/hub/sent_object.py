"""The mark that a service of object storage gives to what pyarrow's client sent, computed from the file here."""

import hashlib
from pathlib import Path

PART_BYTES = 10 * 2**20
"""Of each part of a file but the last (apache/arrow, cpp/src/arrow/filesystem/s3fs.cc, kPartUploadSize)."""


def etag_of(local: Path) -> str:
    """Return the ETag of a file that is sent in parts: MD5 over the MD5 of every part, and their number.

    Services that encrypt with keys of their own, and some others, give other marks to the same bytes.
    Source: Amazon S3 User Guide, Checking object integrity: ETags of multipart uploads.
    """
    digests: list[bytes] = []
    with local.open("rb") as file:
        while part := file.read(PART_BYTES):
            digests.append(hashlib.md5(part, usedforsecurity=False).digest())
    return f"{hashlib.md5(b''.join(digests), usedforsecurity=False).hexdigest()}-{len(digests)}"
