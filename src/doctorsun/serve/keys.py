"""The keys of a server's clients: each has a name, and only its hash is kept."""

import hmac
import re
import stat
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

from doctorsun.errors import RecipeError, RequestError

MAX_WRONG = 10
"""Wrong keys that one address may present within `WINDOW_S`; then none of its keys is looked at."""
WINDOW_S = 60.0
_MAX_ADDRESSES = 10_000
_LINE = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})[ \t]+([0-9A-Fa-f]{64})")


class TooManyWrongKeys(RequestError):  # noqa: N818 (what happened)
    """An address has to wait before its keys are looked at again.

    Args:
        wait_s: how long.
    """

    code = "wrong_keys"

    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s
        got = f"{MAX_WRONG} wrong ones from this address"
        super().__init__("API key", got=got, do=f"try again in {wait_s:.0f} s")


class Keys:
    """Tells whose key was presented.

    Args:
        digests: names, each with the SHA-256 of its key.
        now: a clock in seconds.
    """

    def __init__(self, digests: Sequence[tuple[str, bytes]], *, now: Callable[[], float] = time.monotonic) -> None:
        self._digests = digests
        self._now = now
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._digests)

    def find(self, key: bytes, address: str) -> str | None:
        """Return the name of a key, or None where it is wrong.

        All keys are compared, each in constant time, so that the time an answer takes tells nothing about any.

        Args:
            key: as it was presented.
            address: from where; empty where that is not known, and then wrong keys are not counted.

        Raises:
            TooManyWrongKeys: there were too many wrong ones from this address.
        """
        self._require_few_wrong(address)
        digest = sha256(key).digest()
        names = [name for name, expected in self._digests if hmac.compare_digest(digest, expected)]
        if names:
            return names[0]
        self._count_wrong(address)
        return None

    def _require_few_wrong(self, address: str) -> None:
        times_s = self._wrong.get(address, ())
        wait_s = times_s[0] + WINDOW_S - self._now() if len(times_s) == MAX_WRONG else 0
        if wait_s > 0:
            raise TooManyWrongKeys(wait_s)

    def _count_wrong(self, address: str) -> None:
        if not address:
            return
        self._wrong.setdefault(address, deque(maxlen=MAX_WRONG)).append(self._now())
        self._wrong.move_to_end(address)
        while len(self._wrong) > _MAX_ADDRESSES:
            self._wrong.popitem(last=False)


def one_key(key: str) -> Keys:
    """Return the only key of a server; its name is ``default``."""
    return Keys([("default", sha256(key.encode()).digest())])


def read_keys(path: Path) -> Keys:
    """Read a file with a line ``NAME SHA256`` for each key; empty lines and those that begin with # are passed over.

    Raises:
        RecipeError: it cannot be read, others may read or change it, or a line, a name or a hash is wrong.
    """
    try:
        mode = path.stat().st_mode
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise RecipeError(f"key file {path}", got=error.strerror or str(error), expected="a file to read") from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"key file {path}", got="bytes that are no UTF-8 text", expected="a text file") from error
    if mode & (stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP):
        got = f"mode {stat.S_IMODE(mode):04o}"
        raise RecipeError(f"key file {path}", got=got, expected="0600 or 0640", do=f"chmod 600 {path}")
    digests: dict[str, bytes] = {}
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            name, digest = _key_of(line, f"{path}:{number}")
            _require_new(name, digest, digests, f"{path}:{number}")
            digests[name] = digest
    if not digests:
        raise RecipeError(f"key file {path}", got="no key", expected="a line NAME SHA256 for each key")
    return Keys(tuple(digests.items()))


def _key_of(line: str, place: str) -> tuple[str, bytes]:
    found = _LINE.fullmatch(line.strip())
    if found is None:  # the line itself is not repeated: somebody may have written the key
        do = "printf %s KEY | sha256sum makes the digits"
        expected = "a name of letters, digits, . _ and -, a space, and 64 hexadecimal digits"
        raise RecipeError(place, got="another line", expected=expected, do=do)
    return found[1], bytes.fromhex(found[2])


def _require_new(name: str, digest: bytes, digests: dict[str, bytes], place: str) -> None:
    if name in digests:
        raise RecipeError(place, got=f"the name '{name}' again", expected="a name for each key")
    if digest in digests.values():
        other = next(each for each in digests if digests[each] == digest)
        raise RecipeError(place, got=f"the key of '{other}' again", expected="a key for each name")
    if digest == sha256(b"").digest():
        raise RecipeError(place, got="the hash of nothing", expected="the hash of a key")
