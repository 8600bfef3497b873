"""Reader of data sets in the Parquet form of the Hugging Face hub, such as flaviagiammarino/vqa-rad.

The form: https://huggingface.co/docs/hub/datasets-image, columns ``image`` or ``images`` as a structure of ``bytes``
and ``path`` or a list of it; the words stand as conversations, as a question with its answer, or as a caption.
"""

from collections.abc import Sequence
from dataclasses import replace

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.captions import caption_conversation, question_conversation
from doctorsun.data.readers.conversation import (
    IMAGES,
    TURNS,
    Conversation,
    ImageRef,
    image_ref,
    image_refs,
    num_listed,
    read_conversation,
    turns_of,
)
from doctorsun.data.readers.fields import ANSWER, QUESTION, find, words, words_of
from doctorsun.data.readers.imaging_words import split_of
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.layout import any_of
from doctorsun.data.readers.origin import origin_of
from doctorsun.data.readers.pmc_vqa import choice_question
from doctorsun.data.readers.published import Published, PublishedReader, finder_of, folder_of, text_of
from doctorsun.data.readers.record_reader import RawRecord
from doctorsun.data.readers.source_files import source_files
from doctorsun.schema import Answer

_CAPTIONS = ("caption", "text", "report")
_OPTIONS = ("options", "choices")
_CLOSED = ("yes", "no", "是", "否", "有", "没有")


def open_hub_parquet(section: ImportSource) -> PublishedReader:
    """Open a folder of Parquet files, or one of them; names and folders tell the splits.

    Raises:
        DataError: there is no file.
    """
    return PublishedReader(
        files=source_files(section.path, (".parquet",)),
        origin=origin_of(section, folder_of(section).resolve().name),
        read_record=read_hub_row,
        finder=finder_of(section, folder_of(section)),
        layout=any_of(*TURNS, *QUESTION, *_CAPTIONS, any_case=True),
    )


def read_hub_row(raw: RawRecord) -> Published | Dropped:
    """Read a conversation, a question with its answer or its options, or a caption.

    An image that is null is one that is missing: it gets the row's name. Only a conversation that shows no image is
    one of words alone.
    """
    raw = _with_missing(raw)
    images = image_refs(raw.fields)
    question = words_of(raw.fields, QUESTION)
    options = find(raw.fields, _OPTIONS)
    if question and options and isinstance(listed := raw.fields[options], list):
        return choice_question(raw, question, [words(option) for option in listed], images)
    conversation = _conversation(raw, question, images)
    if isinstance(conversation, Dropped):
        return conversation
    return Published(
        conversation=conversation,
        original_id=text_of(raw.fields.get("id")),
        split=split_of(words_of(raw.fields, ["split"])) or split_of(raw.file_name),
        answer=_answer(words_of(raw.fields, ANSWER)) if question and not turns_of(raw.fields) else None,
    )


def _conversation(raw: RawRecord, question: str, images: Sequence[ImageRef]) -> Conversation | Dropped:
    if turns_of(raw.fields):
        return read_conversation(raw)
    if question:
        return question_conversation(raw, question, words_of(raw.fields, ANSWER), images)
    return caption_conversation(raw, words_of(raw.fields, _CAPTIONS), images)


def _with_missing(raw: RawRecord) -> RawRecord:
    """Return a row whose images that are null are references to images of the row's name."""
    fields = raw.fields
    columns = [fields[name] if isinstance(fields[name], list) else [fields[name]] for name in IMAGES if name in fields]
    images = next((column for column in columns if any(map(image_ref, column))), [*columns, []][0])
    if all(map(image_ref, images)):
        return raw
    if turns_of(fields) and not any(map(image_ref, images)):
        images = [None] * num_listed(fields)
    names = [f"{raw.id}.{number}" for number in range(1, len(images) + 1)] if len(images) > 1 else [raw.id]
    named = [image if image_ref(image) else name for image, name in zip(images, names, strict=False)]
    others = {name: value for name, value in fields.items() if name not in IMAGES}
    return replace(raw, fields=others | {IMAGES[0]: named})


def _answer(text: str) -> Answer:
    plain = text.lower().rstrip(".。")
    return Answer(kind="closed", gold=(plain,)) if plain in _CLOSED else Answer(kind="open", gold=(text,))
