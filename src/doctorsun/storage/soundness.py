"""Whether a file is whole, told without reading all of it."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from safetensors import SafetensorError, safe_open


def what_is_wrong(path: Path, size_bytes: int) -> str:
    """Return what is wrong with a file; empty where it has its size and, if it is of a known format, its frame.

    Args:
        path: the file; of ``.parquet`` the footer is read, of ``.safetensors`` the header.
        size_bytes: what it had when it was written.
    """
    if not path.is_file():
        return "no such file"
    found_bytes = path.stat().st_size
    if found_bytes != size_bytes:
        return f"{found_bytes:,} bytes in place of {size_bytes:,}"
    try:
        _read_frame(path)
    except (OSError, pa.ArrowException, SafetensorError) as error:
        return f"unreadable ({error})"
    return ""


def _read_frame(path: Path) -> None:
    if path.suffix == ".parquet":
        pq.read_metadata(path)
    elif path.suffix == ".safetensors":
        with safe_open(path, framework="numpy"):
            pass
