"""Reader of WebDataset archives: the files of a sample side by side in a tar file, under one key.

https://github.com/webdataset/webdataset: a key is a path up to the first dot of its last name. A sample is a record of
turns (``.json``) or a caption (``.txt``), and its images in the order of their names, or as the record lists them.
Archives are listed without being read; images are read where they lie.
"""

import json
import os
import re
import tarfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import IO, Any

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.captions import caption_conversation
from doctorsun.data.readers.conversation import TURNS, image_refs
from doctorsun.data.readers.exported import EXPORTED
from doctorsun.data.readers.imaging_words import split_of
from doctorsun.data.readers.item import Dropped, Item
from doctorsun.data.readers.layout import LAYOUT, any_of, fitting
from doctorsun.data.readers.llava import read_llava
from doctorsun.data.readers.origin import origin_of
from doctorsun.data.readers.published import Published, PublishedReader, finder_of, folder_of, text_of
from doctorsun.data.readers.record_reader import RawRecord
from doctorsun.data.readers.source_files import SourceFile, source_files
from doctorsun.errors import DataError

_SUFFIX = ".tar"
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".bin")
_WORDS = (".json", ".txt")
_DIGITS = re.compile(r"(\d+)")
_LAYOUT = any_of(*TURNS, "caption")
_BLOCK = 512  # a tar file ends with two blocks of zeros (POSIX.1-1988)


@dataclass(frozen=True, slots=True)
class TarSample:
    """The files of one key.

    Attributes:
        raw: the record; its fields are read with the list of files, its images are not.
        archive: where they lie.
        images: first byte and size of each image, by its name after the folder.
    """

    raw: RawRecord
    archive: Path
    images: Mapping[str, tuple[int, int]]


def open_webdataset(section: ImportSource) -> "WebDatasetReader":
    """Open archives; their names tell the splits.

    Raises:
        DataError: there is no archive.
    """
    files = source_files(section.path, (_SUFFIX,))
    published = PublishedReader(
        files=files,
        origin=origin_of(section, folder_of(section).resolve().name),
        read_record=read_tar_record,
        finder=finder_of(section, folder_of(section)),
        layout=_LAYOUT,
    )
    return WebDatasetReader(files, published)


def read_tar_record(raw: RawRecord) -> Published | Dropped:
    """Read a record of turns, or a caption."""
    split = split_of(raw.file_name)
    if "caption" not in raw.fields:
        published = read_llava(raw)
        return published if isinstance(published, Dropped) else replace(published, split=split)
    conversation = caption_conversation(raw, text_of(raw.fields["caption"]), image_refs(raw.fields))
    if isinstance(conversation, Dropped):
        return conversation
    return Published(conversation=conversation, original_id=text_of(raw.fields.get("id")), split=split)


@dataclass(frozen=True)
class WebDatasetReader:
    """Archives, and the reader that makes samples of their records; it can be sent to other processes."""

    files: tuple[SourceFile, ...]
    published: PublishedReader

    def pending(self) -> Iterator[TarSample | Dropped]:
        """Yield the files of each key; those of a key that has no record are no sample.

        Raises:
            DataError: an archive is damaged, cut off, compressed or without a record.
        """
        self.published.finder.prepare()
        for file in self.files:
            yield from fitting(_samples(file))

    def make(self, pending: TarSample | Dropped) -> Item:
        """Make the sample of a key.

        Raises:
            DataError: the archive is not there any more.
        """
        if isinstance(pending, Dropped):
            return pending
        with pending.archive.open("rb") as file:
            fields = _with_images(pending.raw.fields, pending.images, file)
        return self.published.make(replace(pending.raw, fields=fields))


@contextmanager
def _opened(path: Path) -> Generator[tarfile.TarFile]:
    """Open an archive; errors of reading it become ours.

    The module for tar files takes an end without its two blocks of zeros for a good one, and so for a cut-off file that
    happens to end between two members.
    """
    try:
        with path.open("rb") as file:
            file.seek(max(-2 * _BLOCK, -path.stat().st_size), os.SEEK_END)
            if any(file.read()):
                raise tarfile.ReadError("the end of the file before the end of the archive")
        with tarfile.open(path, "r:") as archive:
            yield archive
    except (tarfile.TarError, OSError, EOFError) as error:
        raise DataError(
            f"{path}",
            got=str(error),
            expected="a whole tar archive, not compressed",
            do="get the file anew if it is cut off, unpack it if it is compressed",
        ) from error


def _files(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield the members that are files; the archive forgets them, or a million names would stay in memory."""
    while member := archive.next():
        archive.members.clear()  # pyright: ignore[reportAttributeAccessIssue] (not in the stubs)
        if member.isfile():
            yield member


def _samples(file: SourceFile) -> Iterator[TarSample | Dropped]:
    number = 0
    with _opened(file.path) as archive:
        for key, members in groupby(_files(archive), key=lambda member: _key(member.name)):
            found = _sample(file, archive, key, tuple(members), number + 1)
            if found:
                number += 1
                yield found
    if not number:
        raise DataError(f"{file.path}", got="no record", expected="files KEY.json or KEY.txt beside the images")


def _key(name: str) -> str:
    folder, slash, base = name.rpartition("/")
    return f"{folder}{slash}{base.partition('.')[0]}"


def _sample(
    file: SourceFile, archive: tarfile.TarFile, key: str, members: Sequence[tarfile.TarInfo], number: int
) -> TarSample | Dropped | None:
    """Return the files of a key; None where no record is among them; dropped where the record is none."""
    by_suffix = {PurePosixPath(member.name).suffix.lower(): member for member in members}
    record = next((by_suffix[suffix] for suffix in _WORDS if suffix in by_suffix), None)
    if record is None:
        return None
    id_, place = f"{file.name}#{number}", f"{file.path}, {record.name}"
    fields = _fields(archive, record)
    if isinstance(fields, str):
        return Dropped(id_, LAYOUT, f"{place}: {fields}")
    pictures = [member for member in members if PurePosixPath(member.name).suffix.lower() in _PICTURES]
    return TarSample(
        raw=RawRecord(id_, place, {"id": key} | fields),
        archive=file.path,
        images={
            member.name.rpartition("/")[2]: (member.offset_data, member.size) for member in sorted(pictures, key=_order)
        },
    )


def _order(member: tarfile.TarInfo) -> list[tuple[int, str]]:
    """Return what sorts names by the numbers in them: 2 before 10."""
    return [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in _DIGITS.split(member.name)]


def _fields(archive: tarfile.TarFile, member: tarfile.TarInfo) -> dict[str, Any] | str:
    """Return the fields of a record, or what is wrong with it."""
    file = archive.extractfile(member)
    data = file.read() if file else b""
    try:
        if not member.name.lower().endswith(".json"):
            return {"caption": data.decode("utf-8-sig")}
        content: Any = json.loads(data)
    except ValueError as error:
        return f"got {error}, expected a record in JSON, or a caption in UTF-8"
    return _LAYOUT.fault(content) or content


def _with_images(fields: dict[str, Any], members: Mapping[str, tuple[int, int]], file: IO[bytes]) -> dict[str, Any]:
    """Return a record with the bytes of its images: those that it names, or all that lie beside it."""
    named = [ref.path for ref in image_refs(fields)]
    if not any(name in members for name in named):
        named = named if EXPORTED in fields else list(members)
    images: list[dict[str, Any]] = []
    for name in named:
        offset, size = members.get(name, (0, 0))
        file.seek(offset)
        images.append({"path": name} | ({"bytes": file.read(size)} if name in members else {}))
    return {name: value for name, value in fields.items() if name != "image"} | ({"images": images} if images else {})
