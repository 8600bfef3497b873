"""Reader of LLaVA-Med: alignment and instruction conversations, its evaluation questions, and figure captions.

https://github.com/microsoft/LLaVA-Med, data/: figures are named by their pair, ``18063892_F3.jpg``, which begins with
the article's PubMed number (llava/data/download_images.py writes them so); ``domain`` says which of five kinds a figure
is.
"""

from typing import Any

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.captions import caption_conversation, question_conversation
from doctorsun.data.readers.conversation import (
    IMAGE_MARK,
    TURNS,
    Conversation,
    ImageRef,
    image_refs,
    read_conversation,
    turns_of,
)
from doctorsun.data.readers.imaging_words import article_of, modality_of
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.layout import any_of
from doctorsun.data.readers.origin import origin_of
from doctorsun.data.readers.published import Published, PublishedReader, finder_of, folder_of, text_of
from doctorsun.data.readers.record_files import JSON_SUFFIXES
from doctorsun.data.readers.record_reader import RawRecord
from doctorsun.data.readers.source_files import source_files
from doctorsun.schema import Groups, MadeBy

_GENERATED = MadeBy(method="llm", model="gpt-4")


def open_llava_med(section: ImportSource) -> PublishedReader:
    """Open the folder ``data`` of LLaVA-Med, or one of its files.

    Raises:
        DataError: there is no file.
    """
    return PublishedReader(
        files=source_files(section.path, JSON_SUFFIXES),
        origin=origin_of(section, "llava_med", url="https://github.com/microsoft/LLaVA-Med"),
        read_record=read_llava_med,
        finder=finder_of(section, folder_of(section)),
        layout=any_of(*TURNS, "gpt4_answer", "fig_caption"),
    )


def read_llava_med(raw: RawRecord) -> Published | Dropped:
    """Read a conversation, an evaluation question with GPT-4's answer, or a caption."""
    fields = raw.fields
    pair = text_of(fields.get("pair_id") or fields.get("id"))
    images = image_refs(fields) or ([ImageRef(f"{pair}.jpg")] if pair and "fig_caption" in fields else [])
    conversation = _conversation(raw, images)
    if isinstance(conversation, Dropped):
        return conversation
    is_question = "gpt4_answer" in fields
    return Published(
        conversation=conversation,
        original_id=text_of(fields.get("question_id")) if is_question else pair,
        split="test" if is_question else "",
        subset="evaluation" if is_question else "alignment" if "align" in raw.file_name else "instruction",
        modality=_modality(fields.get("domain")),
        groups=Groups(article=article_of(images[0].path if images else pair)),
        made_by=_GENERATED if is_question or "instruct" in raw.file_name else MadeBy(),
    )


def _conversation(raw: RawRecord, images: list[ImageRef]) -> Conversation | Dropped:
    fields = raw.fields
    if turns_of(fields):
        return read_conversation(raw)
    if "gpt4_answer" in fields:
        question = text_of(fields.get("text")).replace(IMAGE_MARK, "").strip()
        return question_conversation(raw, question, text_of(fields["gpt4_answer"]), images)
    return caption_conversation(raw, text_of(fields.get("fig_caption")), images)


def _modality(domain: Any) -> str:
    """Return the modality of a figure that is of one kind alone."""
    kinds = [kind for kind, holds in domain.items() if holds] if isinstance(domain, dict) else []
    return modality_of(kinds[0]) if len(kinds) == 1 else ""
