"""The language model of published weights, its settings proved and its files found."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from doctorsun.weights.chat_of_folder import chat_of_folder
from doctorsun.weights.language_geometry import language_config
from doctorsun.weights.part_names import GroupedTensors
from doctorsun.weights.parts import LanguagePart, ReadOptions
from doctorsun.weights.settings_files import read_settings, tokenizer_folder


def language_part(
    grouped: GroupedTensors, *, folder: Path, config: Mapping[str, Any], options: ReadOptions, chat: str | None = None
) -> LanguagePart:
    """Return the language model among sorted tensors; a head that is tied to the embedding is left over.

    Args:
        grouped: tensors by part; the head may move to what is left over.
        folder: where its configuration, tokenizer and ``generation_config.json`` lie.
        config: its settings, ``model_type`` included.
        options: what the user says.
        chat: see `LanguagePart`; None: that of the template in the folder, where it is a known one.

    Raises:
        WeightsError: a file is damaged, or tensors and settings do not fit together.
    """
    is_tied = {**config, **options.text_config}.get("tie_word_embeddings")
    head = grouped.leave_tied_head() if is_tied else None
    settings = language_config(grouped.language, where=f"{folder}", config=config, given=options.text_config)
    return LanguagePart(
        tensors=grouped.language,
        config=settings,
        tokenizer_folder=tokenizer_folder(folder),
        generation=read_settings(folder, "generation_config.json"),
        tied=(head, grouped.language["model.embed_tokens.weight"]) if head else None,
        chat=chat or chat_of_folder(folder),
    )
