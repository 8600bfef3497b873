"""Taking a range of bytes out of an answer, whether the hub kept to the range or sends the file from its start."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus

from doctorsun.errors import DataError

MAX_SKIPPED_BYTES = 2**26  # of a file that is sent whole: small ones kept in git are, at times


def range_header(start: int, stop: int) -> dict[str, str]:
    """Return the header that asks for the bytes from ``start`` up to ``stop``."""
    return {"Range": f"bytes={start}-{stop - 1}"}


def cut_range(what: str, status: int, chunks: Iterable[bytes], start: int, stop: int) -> bytes:
    """Return the bytes that were asked for from the chunks of an answer; no more of them are taken than needed.

    Raises:
        DataError: the hub ignores ranges and the bytes lie deep in the file, or the answer ends too early.
    """
    skipped = 0 if status == HTTPStatus.PARTIAL_CONTENT else start
    if skipped > MAX_SKIPPED_BYTES:
        do = "pull the whole file"
        raise DataError(what, got="a hub or mirror that sends whole files alone", expected="ranges of bytes", do=do)
    content = b"".join(_until(chunks, skipped + stop - start))[skipped : skipped + stop - start]
    if len(content) != stop - start:
        got, do = f"{len(content):,} bytes of a range of {stop - start:,}", "run again; if it stays so, pull the file"
        raise DataError(what, got=got, do=do)
    return content


def _until(chunks: Iterable[bytes], num_bytes: int) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk
        num_bytes -= len(chunk)
        if num_bytes <= 0:
            return
