"""Reader of SunMed-VL, the data of Doctor Sun: ``pretrain.json`` and ``finetune.json`` beside archives of images.

https://modelscope.cn/datasets/Yanlan/Doctor-Sun-VL: LLaVA records, one image each (arXiv 2508.08270); paths may begin
with the folders of the authors' machine.
"""

from dataclasses import replace
from pathlib import PurePosixPath

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.conversation import TURNS
from doctorsun.data.readers.imaging_words import article_of
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.layout import any_of
from doctorsun.data.readers.llava import read_llava
from doctorsun.data.readers.origin import origin_of
from doctorsun.data.readers.published import Published, PublishedReader, finder_of, folder_of
from doctorsun.data.readers.record_files import JSON_SUFFIXES
from doctorsun.data.readers.record_reader import RawRecord
from doctorsun.data.readers.source_files import source_files
from doctorsun.errors import DataError
from doctorsun.schema import Groups

_URL = "https://modelscope.cn/datasets/Yanlan/Doctor-Sun-VL"
_SUBSETS = ("pretrain", "finetune")


def open_sunmed(section: ImportSource) -> PublishedReader:
    """Open the folder of SunMed-VL, or one of its files.

    Raises:
        DataError: none of its files is there.
    """
    files = tuple(file for file in source_files(section.path, JSON_SUFFIXES) if _subset(file.name))
    if not files:
        raise DataError(
            f"SunMed-VL in {section.path}",
            got="other files",
            expected="pretrain.json or finetune.json",
            do=f"download it from {_URL}",
        )
    return PublishedReader(
        files=files,
        origin=origin_of(section, "sunmed_vl", url=_URL),
        read_record=read_sunmed,
        finder=finder_of(section, folder_of(section)),
        layout=any_of(*TURNS),
    )


def read_sunmed(raw: RawRecord) -> Published | Dropped:
    """Read a LLaVA record; figures of PMC articles belong together."""
    published = read_llava(raw)
    if isinstance(published, Dropped):
        return published
    image = published.conversation.images[0].path if published.conversation.images else ""
    return replace(published, subset=_subset(raw.file_name), groups=Groups(article=article_of(image)))


def _subset(file_name: str) -> str:
    stem = PurePosixPath(file_name).name.lower()
    return next((subset for subset in _SUBSETS if stem.startswith(subset)), "")
