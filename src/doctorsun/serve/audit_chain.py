"""Lines of the audit log: each holds the hash of the line before and its own, so that none can be changed unseen."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from doctorsun.errors import DataError

START = "0" * 64
"""What the first line names as the hash of the line before."""
_SEAL = re.compile(rb',"sha256":"([0-9a-f]{64})"\}\n')
_SEAL_BYTES = len(',"sha256":""}\n') + 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainEnd:
    """Where a chain stands: the number and the hash of its last line."""

    seq: int = 0
    sha256: str = START


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCheck:
    """What a look at every line of an audit log found.

    Attributes:
        num_entries: sound lines before the first bad one.
        sha256: the hash of the last of them; noted elsewhere, it proves the lines up to it later.
        first_time: when the first was written, in ISO 8601.
        last_time: when the last of them was written.
        bad_line: number of the first bad line, from 1.
        reason: what is wrong with it.
        is_torn: whether it is the last one and was cut off, as when a server is killed.
    """

    num_entries: int
    sha256: str
    first_time: str | None
    last_time: str | None
    bad_line: int | None = None
    reason: str | None = None
    is_torn: bool = False

    @property
    def is_sound(self) -> bool:
        """Whether every line is as it was written, and none is missing before the last."""
        return self.bad_line is None


def sealed_line(facts: Mapping[str, Any], before: ChainEnd) -> tuple[bytes, ChainEnd]:
    """Return a line that goes on with a chain, and where the chain stands then.

    The hash is that of the line's own bytes without ``,"sha256":"..."`` and the end of the line.
    """
    content = {"seq": before.seq + 1, **facts, "previous": before.sha256}
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()
    digest = sha256(text).hexdigest()
    line = text[:-1] + f',"sha256":"{digest}"}}\n'.encode()
    return line, ChainEnd(seq=before.seq + 1, sha256=digest)


def read_line(line: bytes) -> tuple[dict[str, Any], ChainEnd]:
    """Return what a line says, and where the chain stands behind it.

    Raises:
        DataError: it was cut off, or is not what was written.
    """
    if not line.endswith(b"\n"):
        raise DataError("audit entry", got="a line that was cut off")
    seal = _SEAL.fullmatch(line, max(0, len(line) - _SEAL_BYTES))
    if seal is None:
        raise DataError("audit entry", got="a line without its hash")
    text = line[: seal.start()] + b"}"
    if sha256(text).hexdigest().encode() != seal[1]:
        raise DataError("audit entry", got="a line that does not match its hash")
    try:
        content = json.loads(text)
        return content, ChainEnd(seq=int(content["seq"]), sha256=seal[1].decode())
    except (ValueError, KeyError, TypeError) as error:
        raise DataError("audit entry", got="a line without a number") from error


def check_audit(path: Path) -> AuditCheck:
    """Read a log to its end or its first bad line.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return _check(file)
    except OSError as error:
        raise DataError(f"audit log {path}", got=error.strerror or str(error), expected="a file to read") from error


def _check(lines: Iterable[bytes]) -> AuditCheck:
    end, times = ChainEnd(), list[str]()
    for number, line in enumerate(lines, 1):
        try:
            content, after = read_line(line)
            _require_next(content, end, after)
        except DataError as error:
            return _found(end, times, bad_line=number, reason=error.got, is_torn=not line.endswith(b"\n"))
        end = after
        times[1:] = [str(content.get("time", ""))]
    return _found(end, times)


def _found(end: ChainEnd, times: list[str], **bad: Any) -> AuditCheck:
    first, last = (times[0], times[-1]) if times else (None, None)
    return AuditCheck(num_entries=end.seq, sha256=end.sha256, first_time=first, last_time=last, **bad)


def _require_next(content: Mapping[str, Any], before: ChainEnd, after: ChainEnd) -> None:
    if after.seq != before.seq + 1:
        raise DataError("audit entry", got=f"entry {after.seq} where {before.seq + 1} should stand")
    if content.get("previous") != before.sha256:
        raise DataError("audit entry", got="a line that does not follow the one before")
