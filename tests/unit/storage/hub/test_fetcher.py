import errno
from dataclasses import replace
from pathlib import Path

import pytest

from doctorsun.errors import DataError, MachineError
from doctorsun.storage.hub.fetcher import Fetcher
from doctorsun.storage.hub.remote_file import RemoteFile, Repository, remote_file
from hubs.published import sha256

CONTENT = b"some tensors"
FILE = remote_file("sub/a.bin", len(CONTENT), sha256=sha256(CONTENT))
REPOSITORY = Repository(name="o/n", kind="model")


class FakeHub:
    """Gives what it is told to, or fails as a disk does."""

    def __init__(self, cache: Path, *answers: bytes | int) -> None:
        self.cache = cache
        self.answers = list(answers)
        self.anew: list[bool] = []

    def local(self, _: Repository, __: str, path: str) -> Path | None:
        return self.cache / path if (self.cache / path).exists() else None

    def files(self, _: Repository, __: str) -> tuple[RemoteFile, ...]:
        return (FILE,)

    def begun(self, _: Repository, __: str, file: RemoteFile, into: Path | None) -> int:
        part = (into or self.cache) / f"{file.path}.part"
        return part.stat().st_size if part.exists() else 0

    def fetch(self, _: Repository, __: str, file: RemoteFile, into: Path | None, *, anew: bool) -> Path:
        self.anew.append(anew)
        answer, place = self.answers.pop(0), (into or self.cache) / file.path
        if isinstance(answer, int):
            raise OSError(answer, "as the system says")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(answer)
        return place


def fetcher(hub: FakeHub, into: Path | None = None) -> Fetcher:
    return Fetcher(REPOSITORY, "0" * 40, hub, "models.lock: hf:o/n", into)  # pyright: ignore[reportArgumentType]


def test_a_right_file_is_fetched_once(tmp_path: Path):
    hub = FakeHub(tmp_path, CONTENT)
    for _ in range(2):
        assert fetcher(hub).bring(FILE, offline=False).read_bytes() == CONTENT
    assert hub.anew == [False]


def test_a_wrong_file_is_fetched_anew(tmp_path: Path):
    hub = FakeHub(tmp_path, CONTENT[::-1], CONTENT)
    assert fetcher(hub).bring(FILE, offline=False).read_bytes() == CONTENT
    assert hub.anew == [False, True]


def test_a_file_that_stays_wrong_is_gone(tmp_path: Path):
    hub = FakeHub(tmp_path, b"short", CONTENT[::-1])
    with pytest.raises(DataError, match=r"o/n@0{40}/sub/a\.bin is not the file that was listed: got SHA-256"):
        fetcher(hub).bring(FILE, offline=False)
    assert fetcher(hub).local(FILE) is None


def test_a_full_disk_is_told_as_such(tmp_path: Path):
    with pytest.raises(
        MachineError, match=r"no room on the disk for .*: got as the system says; free some space and run"
    ):
        fetcher(FakeHub(tmp_path, errno.ENOSPC)).bring(FILE, offline=False)


def test_the_room_that_is_needed_is_that_of_what_is_not_here(tmp_path: Path):
    hub = FakeHub(tmp_path / "cache", CONTENT)
    to_cache, to_folder = fetcher(hub), fetcher(hub, tmp_path / "out")
    assert (to_cache.needed_bytes(FILE), to_folder.needed_bytes(FILE)) == (12, 12)
    part = tmp_path / "out/sub/a.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT[:5])
    assert (to_cache.needed_bytes(FILE), to_folder.needed_bytes(FILE)) == (12, 7)
    part.write_bytes(CONTENT * 2)
    assert to_folder.needed_bytes(FILE) == 0
    to_cache.bring(FILE, offline=False)
    assert (to_cache.needed_bytes(FILE), to_folder.needed_bytes(FILE)) == (0, 12)  # to be copied
    to_folder.bring(FILE, offline=True)
    assert to_folder.needed_bytes(FILE) == 0


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
def test_a_folder_is_told_by_its_own_name(code: int, tmp_path: Path):
    hidden = replace(fetcher(FakeHub(tmp_path, code), tmp_path / ".out.unfinished"), called=tmp_path / "out")
    with pytest.raises((DataError, MachineError), match=rf"(no room on the disk for|cannot write) {tmp_path}/out: got"):
        hidden.bring(FILE, offline=False)


def test_a_file_of_the_cache_is_copied_into_a_folder(tmp_path: Path):
    hub = FakeHub(tmp_path / "cache", CONTENT)
    fetcher(hub).bring(FILE, offline=False)
    place = fetcher(hub, tmp_path / "out").bring(FILE, offline=True)
    assert place == tmp_path / "out/sub/a.bin"
    assert place.read_bytes() == CONTENT


def test_a_file_for_a_folder_is_not_left_in_the_cache(tmp_path: Path):
    hub = FakeHub(tmp_path / "cache", CONTENT)
    assert fetcher(hub, tmp_path / "out").bring(FILE, offline=False).is_relative_to(tmp_path / "out")
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"sha256": "0" * 64}, rf"got 12 bytes, SHA-256 0{{64}}, expected 12 bytes, SHA-256 {sha256(CONTENT)}, as the"),
        ({"size_bytes": 7}, f"got 7 bytes, SHA-256 {sha256(CONTENT)}, expected 12 bytes, SHA-256 "),
    ],
)
def test_an_entry_that_is_wrong_costs_no_file(written: dict[str, object], told: str, tmp_path: Path):
    entry = replace(FILE, **written)
    hub = FakeHub(tmp_path, CONTENT)
    for _ in range(2):  # fetched, and then here
        with pytest.raises(
            DataError, match=rf"^models\.lock: hf:o/n: sub/a\.bin: {told}.*; restore the entry, or take"
        ):
            fetcher(hub).bring(entry, offline=False)
        assert (tmp_path / "sub/a.bin").read_bytes() == CONTENT
    fetcher(hub).bring(FILE, offline=False)
    with pytest.raises(DataError, match=rf"^models\.lock: hf:o/n: sub/a\.bin: {told}"):
        fetcher(hub).bring(entry, offline=False)
    with pytest.raises(
        DataError, match=r"run once with a network: .*, unless it is models\.lock: hf:o/n that is wrong"
    ):
        fetcher(hub).bring(entry, offline=True)
    assert hub.anew == [False]
