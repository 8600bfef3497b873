import json
from pathlib import Path

import pytest

from doctorsun.errors import DataError
from doctorsun.storage.hub.address import Address
from doctorsun.storage.hub.lock import Lock, Pinned
from doctorsun.storage.hub.remote_file import remote_file

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ADDRESS = Address(hub="hf", repository="o/n")
PINNED = Pinned(
    revision=COMMIT,
    files=(remote_file("a.json", 3, git_sha1="b" * 40), remote_file("m.safetensors", 5, sha256="c" * 64)),
)


@pytest.fixture
def lock(tmp_path: Path) -> Lock:
    return Lock(tmp_path / "models.lock")


def test_what_is_written_is_found(lock: Lock):
    assert lock.find(ADDRESS, "model") is None
    lock.add(ADDRESS, "model", PINNED)
    assert lock.find(ADDRESS, "model") == PINNED
    assert lock.find(ADDRESS, "dataset") is None
    assert lock.find(Address(hub="ms", repository="o/n"), "model") is None
    assert lock.find(Address(hub="hf", repository="o/n", revision="main"), "model") is None


def test_a_folder_of_a_repository_is_pinned_with_the_whole(lock: Lock):
    lock.add(Address(hub="hf", repository="o/n", path="sub"), "model", PINNED)
    assert lock.find(ADDRESS, "model") == PINNED


def test_addresses_stand_beside_one_another(lock: Lock):
    other = Address(hub="ms", repository="o/d")
    lock.add(ADDRESS, "model", PINNED)
    lock.add(other, "dataset", PINNED)
    assert lock.find(ADDRESS, "model") == lock.find(other, "dataset") == PINNED


def test_the_file_reads_well(lock: Lock):
    lock.add(ADDRESS, "model", PINNED)
    assert json.loads(lock.path.read_text()) == {
        "version": 1,
        "addresses": {
            "dataset": {},
            "model": {
                "hf:o/n": {
                    "revision": COMMIT,
                    "files": {
                        "a.json": {"size_bytes": 3, "git_sha1": "b" * 40},
                        "m.safetensors": {"size_bytes": 5, "sha256": "c" * 64},
                    },
                }
            },
        },
    }


def test_hashes_that_were_computed_are_added_to_those_that_lack():
    pinned = PINNED.with_hashes({"a.json": "d" * 64, "m.safetensors": "e" * 64})
    assert [file.sha256 for file in pinned.files] == ["d" * 64, "c" * 64]


def test_a_lock_of_another_version_is_refused(lock: Lock):
    lock.path.write_text('{"version": 2}')
    with pytest.raises(DataError, match=r"models\.lock: version: got 2, expected 1; use the version of doctorsun"):
        lock.find(ADDRESS, "model")


def entry(**changed: object) -> str:
    files = {"a.json": {"size_bytes": 3, "sha256": "b" * 64}}
    addresses = {"model": {"hf:o/n": {"revision": COMMIT, "files": files} | changed}, "dataset": {}}
    return json.dumps({"version": 1, "addresses": addresses})


@pytest.mark.parametrize(
    ("content", "got"),
    [
        ("{", "Expecting property name"),
        ('{"version": 1}', "no addresses of models and data sets"),
        ('{"version": 1, "addresses": []}', "no addresses of models and data sets"),
        ('{"version": 1, "addresses": {"model": {}, "dataset": []}}', "no addresses of models and data sets"),
        (entry(revision="main"), "the revision 'main', which is no commit"),
        (entry(revision=7), "the revision '7', which is no commit"),
        (entry(files=3), "AttributeError"),
        (entry(files={"a.json": {"size_bytes": "3", "sha256": "b" * 64}}), "a.json of '3' bytes"),
        (entry(files={"a.json": {"size_bytes": -3, "sha256": "b" * 64}}), "a.json of '-3' bytes"),
        (entry(files={"a.json": {"size_bytes": 3, "md5": "b"}}), "TypeError"),
    ],
)
def test_a_damaged_lock_is_refused(lock: Lock, content: str, got: str):
    lock.path.write_text(content)
    with pytest.raises(DataError, match=r"models\.lock is damaged: got .*; restore it") as raised:
        lock.find(ADDRESS, "model")
    assert got in raised.value.got


def test_a_lock_that_leads_out_of_the_folder_is_refused(lock: Lock):
    lock.path.write_text(entry(files={"../a.json": {"size_bytes": 3, "sha256": "b" * 64}}))
    with pytest.raises(DataError, match="leads out of the repository"):
        lock.find(ADDRESS, "model")


def test_a_lock_that_is_a_folder_is_told(lock: Lock):
    lock.path.mkdir()
    with pytest.raises(DataError, match=r"models\.lock is damaged: got .*Is a directory"):
        lock.find(ADDRESS, "model")


def test_a_lock_that_is_no_object_is_refused(lock: Lock):
    lock.path.write_text("[]")
    with pytest.raises(DataError, match="version: got None"):
        lock.find(ADDRESS, "model")
