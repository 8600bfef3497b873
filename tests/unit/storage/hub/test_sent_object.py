"""Marks of what was sent: those that a service gives to the same bytes."""

import os
from pathlib import Path

import pytest
from pyarrow import fs

from doctorsun.storage.hub.sent_object import PART_BYTES, etag_of
from hubs.object_storage import ENVIRONMENT, serve_buckets


@pytest.mark.parametrize("size_bytes", [1, PART_BYTES, PART_BYTES + 1])
def test_the_mark_is_the_one_that_the_service_gives(
    size_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    content = os.urandom(size_bytes)
    (tmp_path / "file").write_bytes(content)
    with serve_buckets("bucket") as server:
        client = fs.S3FileSystem(scheme="http", endpoint_override=server.url.removeprefix("http://"))
        with client.open_output_stream("bucket/file") as out:
            out.write(content)
        with client.open_input_file("bucket/file") as file:
            assert file.metadata()["ETag"].decode() == f'"{etag_of(tmp_path / "file")}"'
