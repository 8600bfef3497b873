"""Tokenizers as they are published: ``tokenizer.json``, ``tokenizer.model``, or ``vocab.json`` with ``merges.txt``."""

import json
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from doctorsun.errors import WeightsError
from doctorsun.processor.tokenizer import load_tokenizer
from doctorsun.processor.tokenizer_settings import TokenizerSettings

# Qwen2's own pattern (tokenization_qwen2.py of transformers): single digits, otherwise as Llama 3's.
QWEN2_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def load_published(settings: TokenizerSettings) -> Tokenizer:
    """Return the tokenizer of a folder, its added tokens included.

    Raises:
        WeightsError: the folder has none, a file is damaged, or an added token stands at two ids.
    """
    folder = settings.folder
    if (folder / "tokenizer.json").is_file():
        tokenizer = load_tokenizer(folder)
    elif (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
        tokenizer = _read_byte_level(folder)
    else:
        raise WeightsError(
            f"{folder}",
            got="no tokenizer.json, no tokenizer.model, and no vocab.json with merges.txt",
            expected="a tokenizer",
            do="copy its files beside the weights",
        )
    for token_id, token in sorted(settings.added_tokens().items()):
        tokenizer = with_token(tokenizer, token, token_id)
    return tokenizer


def next_id(tokenizer: Tokenizer) -> int:
    """Return the id after the highest one, whatever gaps stand below."""
    return max(tokenizer.get_vocab(with_added_tokens=True).values(), default=-1) + 1


def with_token(tokenizer: Tokenizer, token: AddedToken, token_id: int) -> Tokenizer:
    """Return the tokenizer with an added token at this id.

    Raises:
        WeightsError: the text has another id, or the id another text.
    """
    present = tokenizer.token_to_id(token.content)
    holder = tokenizer.id_to_token(token_id) if present is None else None
    if present not in (None, token_id) or holder is not None:
        raise WeightsError(
            f"the added token {token.content}",
            got=f"id {present} in the vocabulary" if holder is None else f"id {token_id}, which {holder} has already",
            expected=f"id {token_id} for it alone",
            do="copy the tokenizer's files again, all from one place",
        )
    if present is None and token_id != _library_id(tokenizer):
        tokenizer = _with_entry(tokenizer, token.content, token_id)
    tokenizer.add_tokens([token])
    return tokenizer


def _library_id(tokenizer: Tokenizer) -> int:
    """Return the id that the library gives to the next token: it knows the size of a vocabulary, but not its gaps."""
    after_added = (token_id + 1 for token_id in tokenizer.get_added_tokens_decoder())
    return max(tokenizer.get_vocab_size(with_added_tokens=False), *after_added, 0)


def _with_entry(tokenizer: Tokenizer, text: str, token_id: int) -> Tokenizer:
    described: dict[str, Any] = json.loads(tokenizer.to_str())
    described["model"]["vocab"][text] = token_id
    return Tokenizer.from_str(json.dumps(described, ensure_ascii=False))


def _read_byte_level(folder: Path) -> Tokenizer:
    try:
        model = models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt"))
    except Exception as error:  # the library raises a bare Exception for every fault
        raise WeightsError(
            f"{folder / 'vocab.json'} and {folder / 'merges.txt'}",
            got=str(error),
            expected="a vocabulary and its merges",
            do="copy both files again",
        ) from error
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(QWEN2_PATTERN), behavior="isolated")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer
