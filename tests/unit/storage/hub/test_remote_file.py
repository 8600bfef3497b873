import hashlib
from pathlib import Path

import pytest

from doctorsun.errors import DataError
from doctorsun.storage.hub.remote_file import git_blob, remote_file, require_hash

CONTENT = b"what is up, doc?"
GIT_SHA1 = "bd9dbf5aae1a3862dd1526723246b20206e5fc37"  # of these words in Pro Git, 10.2
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def test_a_git_blob_has_the_name_that_git_gives_it():
    assert git_blob(CONTENT) == GIT_SHA1


def test_contents_are_compared_by_git_blob_where_there_is_no_sha256(tmp_path: Path):
    local = tmp_path / "a.txt"
    local.write_bytes(CONTENT)
    assert remote_file("a.txt", 16, git_sha1=GIT_SHA1).what_is_wrong(local) == ""
    local.write_bytes(CONTENT.upper())
    assert f"in place of {GIT_SHA1}" in remote_file("a.txt", 16, git_sha1=GIT_SHA1).what_is_wrong(local)


def test_contents_are_compared_by_size_and_sha256(tmp_path: Path):
    local = tmp_path / "a.txt"
    local.write_bytes(CONTENT)
    assert remote_file("a.txt", 17, sha256=SHA256).what_is_wrong(local) == "16 bytes in place of 17"
    assert remote_file("a.txt", 16, sha256=SHA256.upper()).what_is_wrong(local) == ""
    local.write_bytes(CONTENT.upper())
    assert remote_file("a.txt", 16, sha256=SHA256).what_is_wrong(local).endswith(f"in place of {SHA256}")


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../a", "a/../../b", "a\\..\\b"])
def test_a_path_that_leads_out_is_refused(path: str):
    with pytest.raises(DataError, match="got a path that leads out of the repository"):
        remote_file(path, 1, sha256=SHA256)


def test_a_file_without_a_hash_is_not_used():
    with pytest.raises(
        DataError, match=r"a listed file, 'a\.bin': got no hash, expected SHA-256 or the name of its git"
    ):
        require_hash(remote_file("a.bin", 1))
    for file in (remote_file("a.bin", 1, sha256=SHA256), remote_file("a.bin", 1, git_sha1=GIT_SHA1)):
        assert require_hash(file) is file


def test_facts_are_what_is_known():
    assert remote_file("a", 1234, sha256="AB").facts == "1,234 bytes, SHA-256 ab"
    assert remote_file("a", 1, git_sha1="cd").facts == "1 bytes, git blob cd"
