"""Reader of PubMedVision, the data of HuatuoGPT-Vision: alignment, instruction and Chinese conversations.

https://huggingface.co/datasets/FreedomIntelligence/PubMedVision: a list of images per record (up to 29), which no text
marks; their paths, ``images/pmc_1_0.jpg``, are those in the archives ``images_0.zip`` to ``images_19.zip``. Modality
and body part were told by HuatuoGPT-Vision-7B.
"""

from pathlib import PurePosixPath

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.captions import caption_conversation
from doctorsun.data.readers.conversation import TURNS, image_refs, read_conversation, turns_of
from doctorsun.data.readers.imaging_words import body_part_of, modality_of
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.layout import any_of
from doctorsun.data.readers.origin import origin_of
from doctorsun.data.readers.published import Published, PublishedReader, finder_of, folder_of, text_of
from doctorsun.data.readers.record_files import JSON_SUFFIXES
from doctorsun.data.readers.record_reader import RawRecord
from doctorsun.data.readers.source_files import source_files
from doctorsun.schema import Groups, MadeBy

_SUBSETS = ("alignment", "instruction", "chinese", "caption")


def open_pubmedvision(section: ImportSource) -> PublishedReader:
    """Open the folder of PubMedVision, or one of its files.

    Raises:
        DataError: there is no file.
    """
    url = "https://huggingface.co/datasets/FreedomIntelligence/PubMedVision"
    return PublishedReader(
        files=source_files(section.path, JSON_SUFFIXES),
        origin=origin_of(section, "pubmedvision", url=url, licence="Apache-2.0"),
        read_record=read_pubmedvision,
        finder=finder_of(section, folder_of(section)),
        layout=any_of(*TURNS, "caption"),
    )


def read_pubmedvision(raw: RawRecord) -> Published | Dropped:
    """Read a conversation, or the original caption; figures of one record of PubMed belong together."""
    images = image_refs(raw.fields)
    told = bool(turns_of(raw.fields))
    caption = text_of(raw.fields.get("caption"))
    conversation = read_conversation(raw) if told else caption_conversation(raw, caption, images)
    if isinstance(conversation, Dropped):
        return conversation
    name = raw.file_name.lower()
    return Published(
        conversation=conversation,
        original_id=text_of(raw.fields.get("id")),
        subset=next((subset for subset in _SUBSETS if subset in name), ""),
        modality=modality_of(text_of(raw.fields.get("modality"))),
        anatomy=body_part_of(text_of(raw.fields.get("body_part"))),
        groups=Groups(article=_figure(images[0].path) if images else ""),
        made_by=MadeBy(method="llm", model="gpt-4v") if told else MadeBy(),
    )


def _figure(path: str) -> str:
    """Return what the images of one record share: ``pmc_1`` of ``images/pmc_1_0.jpg``."""
    return PurePosixPath(path).stem.rpartition("_")[0]
