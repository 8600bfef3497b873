"""Keys with names: who is known, and what a wrong file says."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from doctorsun.errors import RecipeError
from doctorsun.serve.keys import MAX_WRONG, WINDOW_S, Keys, TooManyWrongKeys, one_key, read_keys


def digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def key_file(folder: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path = folder / "keys"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


class Counted(Sequence[tuple[str, bytes]]):
    """Digests that count how many of them were looked at."""

    def __init__(self, *names: str) -> None:
        self._digests = [(name, sha256(name.encode()).digest()) for name in names]
        self.seen: list[int] = []

    def __len__(self) -> int:
        return len(self._digests)

    def __getitem__(self, index: Any) -> Any:
        digest = self._digests[index]
        self.seen.append(index)
        return digest


class Clock:
    """A clock that goes when it is told to."""

    time_s = 100.0

    def __call__(self) -> float:
        return self.time_s


def test_keys_have_names(tmp_path: Path) -> None:
    text = f"# wards\nward-7 {digest('seven')}\n\n  Dr.Sun_1\t{digest('太阳').upper()}  \n"
    keys = read_keys(key_file(tmp_path, text, 0o640))
    assert len(keys) == 2
    assert [keys.find(key.encode(), "") for key in ("seven", "太阳", "eight", "")] == ["ward-7", "Dr.Sun_1", None, None]


def test_the_one_key_is_the_default() -> None:
    keys = one_key("sécret")
    assert (keys.find("sécret".encode(), ""), keys.find("sécret".encode("latin-1"), "")) == ("default", None)


@pytest.mark.parametrize("key", ["first", "last", "none of them"])
def test_every_key_is_compared_whichever_is_right(key: str) -> None:
    digests = Counted("first", "second", "last")
    Keys(digests).find(key.encode(), "")
    assert digests.seen == [0, 1, 2]


def test_after_many_wrong_keys_an_address_waits() -> None:
    clock = Clock()
    keys = Keys([("ward", sha256(b"right").digest())], now=clock)
    for _ in range(MAX_WRONG):
        assert keys.find(b"wrong", "10.0.0.1") is None
        clock.time_s += 1
    for key in (b"wrong", b"right"):
        with pytest.raises(TooManyWrongKeys, match="API key: got 10 wrong ones from this address; try again in 50 s"):
            keys.find(key, "10.0.0.1")
    assert keys.find(b"right", "10.0.0.2") == "ward"
    clock.time_s += WINDOW_S - MAX_WRONG + 0.5
    assert keys.find(b"right", "10.0.0.1") == "ward"
    assert keys.find(b"wrong", "10.0.0.1") is None
    with pytest.raises(TooManyWrongKeys):
        keys.find(b"right", "10.0.0.1")


def test_right_keys_are_not_counted_nor_those_of_no_address() -> None:
    keys = one_key("right")
    for _ in range(2 * MAX_WRONG):
        assert keys.find(b"right", "10.0.0.1") == "default"
        assert keys.find(b"wrong", "") is None


def test_only_so_many_addresses_are_remembered() -> None:
    keys = one_key("right")
    for _ in range(MAX_WRONG):
        keys.find(b"wrong", "10.0.0.1")
    for number in range(10_000):
        keys.find(b"wrong", f"address {number}")
    assert keys.find(b"right", "10.0.0.1") == "default"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ward-7 secret", r"keys:1: got another line, expected a name of .*; printf %s KEY \| sha256sum makes"),
        (f"ward-7 {digest('a')[:-1]}", "keys:1: got another line"),
        (f"ward-7 {digest('a')} more", "keys:1: got another line"),
        (f"ward 7 {digest('a')}", "keys:1: got another line"),
        (f"-ward {digest('a')}", "keys:1: got another line"),
        (f"a {digest('a')}\n\na {digest('b')}", "keys:3: got the name 'a' again, expected a name for each key"),
        (f"a {digest('a')}\nb {digest('a').upper()}", "keys:2: got the key of 'a' again, expected a key for each name"),
        (f"a {digest('')}", "keys:1: got the hash of nothing, expected the hash of a key"),
        ("# nobody\n", "key file .*keys: got no key, expected a line NAME SHA256 for each key"),
        (b"\xff\xfe", "key file .*keys: got bytes that are no UTF-8 text, expected a text file"),
    ],
    ids=["key", "short", "more", "spaces", "dash", "name-again", "key-again", "empty-key", "nobody", "binary"],
)
def test_a_wrong_file_is_told_without_repeating_it(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        read_keys(key_file(tmp_path, text))
    assert "secret" not in caught.value.text()


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o602, 0o644])
def test_a_file_that_others_can_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    path = key_file(tmp_path, f"a {digest('a')}", mode)
    with pytest.raises(RecipeError, match=f"got mode 0{mode:o}, expected 0600 or 0640; chmod 600 {path}"):
        read_keys(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"key file .*keys: got No such file or directory, expected a file to read"):
        read_keys(tmp_path / "keys")
