"""Reader of ChiMed-VL, the data of Qilin-Med-VL: alignment, instruction and chat files, without their images.

https://huggingface.co/datasets/williamliu/ChiMed-VL: the images, figures of PMC articles, are not part of the release
and are joined by their file names (github.com/williamliujl/Qilin-Med-VL, issues 1 and 2). Its loader takes LLaVA
records; rows of a context or description of an image, and of a question with its answer, are read too.
"""

from pathlib import PurePosixPath

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.captions import caption_conversation, question_conversation
from doctorsun.data.readers.conversation import TURNS, image_refs, read_conversation, turns_of
from doctorsun.data.readers.fields import ANSWER, QUESTION, words_of
from doctorsun.data.readers.imaging_words import article_of
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.layout import any_of
from doctorsun.data.readers.origin import origin_of
from doctorsun.data.readers.published import Published, PublishedReader, finder_of, folder_of, text_of
from doctorsun.data.readers.record_files import JSON_SUFFIXES
from doctorsun.data.readers.record_reader import RawRecord
from doctorsun.data.readers.source_files import source_files
from doctorsun.schema import Groups

_URL = "https://huggingface.co/datasets/williamliu/ChiMed-VL"
_SUBSETS = ("alignment", "instruction", "chat")
_TEXTS = ("caption", "description", "context", "text", "output")
_ANSWERS = (*ANSWER, "output")
_QUESTIONS = (*QUESTION, "instruction")


def open_chimed(section: ImportSource) -> PublishedReader:
    """Open the folder of ChiMed-VL, or one of its files.

    Raises:
        DataError: there is no file.
    """
    return PublishedReader(
        files=source_files(section.path, JSON_SUFFIXES),
        origin=origin_of(section, "chimed_vl", url=_URL),
        read_record=read_chimed,
        finder=finder_of(section, folder_of(section)),
        layout=any_of(*TURNS, *_QUESTIONS, *_TEXTS, any_case=True),
    )


def read_chimed(raw: RawRecord) -> Published | Dropped:
    """Read a conversation, a question with its answer, or a text about an image."""
    images = image_refs(raw.fields)
    if turns_of(raw.fields):
        conversation = read_conversation(raw)
    elif question := words_of(raw.fields, _QUESTIONS):
        conversation = question_conversation(raw, question, words_of(raw.fields, _ANSWERS), images)
    else:
        conversation = caption_conversation(raw, words_of(raw.fields, _TEXTS), images)
    if isinstance(conversation, Dropped):
        return conversation
    name = PurePosixPath(raw.file_name).stem.lower()
    return Published(
        conversation=conversation,
        original_id=text_of(raw.fields.get("id")),
        subset=next((subset for subset in _SUBSETS if subset in name), ""),
        groups=Groups(article=article_of(images[0].path) if images else ""),
    )
