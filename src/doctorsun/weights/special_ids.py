"""Ids that begin and end texts: of the tokenizer, and what the settings of a language model say against it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from doctorsun.processor.tokenizer import ends_of
from doctorsun.weights.parts import LanguagePart
from doctorsun.weights.vocabulary import Vocabulary


def own_ends(words: Vocabulary, ends_turns: str) -> tuple[int, ...]:
    """Return the ids that end an answer by a tokenizer's files and a chat template; a token that is not there has none.

    Args:
        words: of the tokenizer.
        ends_turns: the token with which the template ends a turn; empty where the tokenizer's end does it.
    """
    texts = ends_of(words.ids, words.special["eos"], ends_turns)
    return tuple(words.ids[text] for text in texts if text in words.ids)


def strange_ids(language: LanguagePart, *, bos_id: int | None, ends: Sequence[int]) -> tuple[str, ...]:
    """Return where settings name a beginning or an end that is not the tokenizer's: one of the two is another model's.

    Args:
        language: whose settings.
        bos_id: of the token with which the tokenizer begins a text; None where it has none.
        ends: ids that end an answer, by tokenizer and chat template.
    """
    begins = () if bos_id is None else (bos_id,)
    files = {"config.json": language.config, "generation_config.json": language.generation}
    return tuple(
        note
        for file, settings in files.items()
        for kind, own in (("bos", begins), ("eos", ends))
        for note in _against(settings, file, kind, own)
    )


def _against(settings: Mapping[str, Any], file: str, kind: str, own: Sequence[int]) -> Iterator[str]:
    said = settings.get(f"{kind}_token_id")
    named = [] if said is None else said if isinstance(said, list) else [said]
    if named and own and not set(map(str, named)) & set(map(str, own)):
        yield f"{file} names {kind} {_listed(named)}, the tokenizer {_listed(own)}"


def _listed(ids: Sequence[Any]) -> str:
    return ", ".join(map(str, ids))
