"""A published tokenizer made ready for a LLaVA: an image token, a pad token, a chat template, the ends of answers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tokenizers import AddedToken, Tokenizer

from doctorsun.errors import WeightsError
from doctorsun.processor.added_tokens import next_id, with_token
from doctorsun.processor.chat_families import choose_family
from doctorsun.processor.chat_template import ChatTemplate
from doctorsun.processor.published_tokenizer import load_published
from doctorsun.processor.tokenizer import IMAGE, PAD, TokenNames, ends_of, id_of, save_tokenizer, stop_ids
from doctorsun.processor.tokenizer_settings import TokenizerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedTokenizer:
    """A tokenizer with all that a LLaVA needs.

    Attributes:
        tokenizer: with the tokens that were added.
        names: texts of its special tokens.
        chat: name of the chat template.
        template: the chat template.
        stop_ids: ids that end an answer, each once; for ``eos_token_id`` of ``generation_config.json``.
        own_ends: those of them that the tokenizer and the chat template name.
        added: ids of the tokens that were not there before, by their texts.
        notes: what a reader should know.
    """

    tokenizer: Tokenizer
    names: TokenNames
    chat: str
    template: ChatTemplate
    stop_ids: tuple[int, ...]
    own_ends: tuple[int, ...]
    added: Mapping[str, int]
    notes: tuple[str, ...] = ()

    @property
    def image_id(self) -> int:
        """Id of ``<image>``, which visual features replace."""
        return id_of(self.tokenizer, IMAGE)

    @property
    def pad_id(self) -> int:
        """Id of the pad token."""
        return id_of(self.tokenizer, self.names.pad)

    @property
    def bos_id(self) -> int | None:
        """Id of the token that begins a text; None where the tokenizer has none (Qwen2)."""
        return id_of(self.tokenizer, self.names.bos) if self.names.bos else None

    @property
    def eos_id(self) -> int:
        """Id of the token that the tokenizer's configuration calls the end."""
        return id_of(self.tokenizer, self.names.eos)

    @property
    def num_ids(self) -> int:
        """Highest id and one: the embedding has at least so many rows."""
        return next_id(self.tokenizer)


def prepare_tokenizer(folder: Path, *, chat: str | None, model_type: str = "") -> PreparedTokenizer:
    """Read the tokenizer of a folder, and add what a LLaVA needs and it lacks, at the next free ids.

    Args:
        folder: ``tokenizer.json``, ``tokenizer.model``, or ``vocab.json`` and ``merges.txt``, with what stands beside.
        chat: name of a chat template; None: as the control tokens or the type of the model tell.
        model_type: of the language model's configuration.

    Raises:
        WeightsError: there is no tokenizer, a file is damaged, no token ends a text, or nothing tells the template.
    """
    settings = TokenizerSettings.read(folder)
    published = load_published(settings)
    tokenizer, before = published.tokenizer, published.tokenizer.get_vocab(with_added_tokens=True)
    family = choose_family(chat, before, model_type)
    names = replace(published.names, eos=published.names.eos or family.ends_turns, pad=published.names.pad or PAD)
    if not names.eos:
        raise WeightsError(
            f"{folder}", got="no eos_token", expected="a token that ends a text", do="name it in tokenizer_config.json"
        )
    for text in (IMAGE, names.pad):
        token_id = before.get(text, next_id(tokenizer))
        tokenizer = with_token(tokenizer, AddedToken(text, special=True, normalized=False), token_id)
    own_ends = tuple(id_of(tokenizer, text) for text in ends_of(before, names.eos, family.ends_turns))
    return PreparedTokenizer(
        tokenizer=tokenizer,
        names=names,
        chat=family.name,
        template=ChatTemplate(family.template_for(tokenizer), bos_token=names.bos, eos_token=names.eos),
        stop_ids=stop_ids(settings.eos_ids(), own_ends),
        own_ends=own_ends,
        added={text: id_of(tokenizer, text) for text in (IMAGE, names.pad) if text not in before},
        notes=published.notes,
    )


def save_prepared(prepared: PreparedTokenizer, folder: Path, max_length: int) -> None:
    """Write ``tokenizer.json``, ``tokenizer_config.json`` and ``chat_template.jinja``, as ``AutoTokenizer`` reads them.

    Args:
        prepared: the tokenizer.
        folder: is made where it is missing.
        max_length: tokens that the model can read.
    """
    save_tokenizer(
        prepared.tokenizer, folder, names=prepared.names, template=prepared.template.source, max_length=max_length
    )
