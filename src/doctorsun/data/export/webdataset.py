"""WebDataset: tar archives ``<split>-000000.tar`` of about 1 GB, the files of a sample side by side under one key.

https://github.com/webdataset/webdataset: a key is a name up to its first dot, what follows is the kind of the file.
``000000007.jpg`` is an image, ``000000007.0.jpg`` the first of several, ``000000007.json`` a record of LLaVA.
"""

import io
import tarfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from doctorsun.data.export.image_files import check_hash, known_path, suffix_of
from doctorsun.data.export.json_files import one_line
from doctorsun.data.export.record import llava_row
from doctorsun.data.export.words import box_texts
from doctorsun.data.export.writer import split_name
from doctorsun.schema import Sample

SHARD_BYTES = 10**9
_Members = list[tuple[str, bytes]]


@dataclass(slots=True)
class _Split:
    """The archives of one split.

    Attributes:
        num_samples: in all its archives.
        num_bytes: in the open one.
    """

    archive: tarfile.TarFile
    num_archives: int = 1
    num_samples: int = 0
    num_bytes: int = 0


class WebDatasetWriter:
    """Write samples into archives; the same samples give the same bytes.

    Args:
        folder: where the archives go.
        files: closes them.
        shard_bytes: an archive is full when its files have this size.
    """

    def __init__(self, folder: Path, files: ExitStack, *, shard_bytes: int = SHARD_BYTES) -> None:
        self._folder = folder
        self._closing = files
        self._shard_bytes = shard_bytes
        self._splits: dict[str, _Split] = {}

    def add(self, sample: Sample) -> None:
        """Write a sample.

        Raises:
            DataError: as of `SampleWriter`.
        """
        split = self._open(split_name(sample))
        for name, data in _members(sample, f"{split.num_samples:09d}"):
            member = tarfile.TarInfo(name)  # no owner and no time
            member.size = len(data)
            split.archive.addfile(member, io.BytesIO(data))
            split.num_bytes += len(data)
        split.num_samples += 1

    def finish(self) -> None:
        """End the archives."""
        for split in self._splits.values():
            split.archive.close()

    def _open(self, name: str) -> _Split:
        split = self._splits.get(name)
        if split is None:
            split = self._splits[name] = _Split(self._archive(name, 0))
        elif split.num_bytes >= self._shard_bytes:
            split.archive.close()
            split.archive = self._archive(name, split.num_archives)
            split.num_archives += 1
            split.num_bytes = 0
        return split

    def _archive(self, split: str, number: int) -> tarfile.TarFile:
        file = self._closing.enter_context((self._folder / f"{split}-{number:06d}.tar").open("wb"))
        return tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)


def _members(sample: Sample, key: str) -> _Members:
    """Return the files of a sample, its record last; the record names them."""
    members: _Members = []
    names: list[str] = []
    for number, image in enumerate(sample.images):
        if image.bytes is None:
            names.append(known_path(image))
            continue
        check_hash(sample.id, image)
        place = f".{number}" if len(sample.images) > 1 else ""
        names.append(f"{key}{place}.{suffix_of(image.bytes)}")
        members.append((names[-1], image.bytes))
    row = llava_row(sample, box_texts(sample.objects, sample.images), names)
    return [*members, (f"{key}.json", one_line(row).encode())]
