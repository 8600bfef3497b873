"""Tokenizers as they are published: ``tokenizer.json``, ``tokenizer.model``, or ``vocab.json`` with ``merges.txt``."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from doctorsun.errors import WeightsError
from doctorsun.processor.added_tokens import with_token
from doctorsun.processor.sentencepiece_file import SentencePieceFile
from doctorsun.processor.tokenizer import TokenNames, id_of, load_tokenizer
from doctorsun.processor.tokenizer_settings import TokenizerSettings

# Qwen2's own pattern (tokenization_qwen2.py of transformers): single digits, otherwise as Llama 3's.
QWEN2_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTokenizer:
    """A tokenizer as it was published.

    Attributes:
        tokenizer: its added tokens included.
        names: its special tokens, as the settings or the vocabulary itself name them; ``pad`` may be empty, and may
            name a token that the vocabulary lacks.
        notes: what a reader should know.
    """

    tokenizer: Tokenizer
    names: TokenNames
    notes: tuple[str, ...] = ()


def load_published(settings: TokenizerSettings) -> PublishedTokenizer:
    """Return the tokenizer of a folder, its added tokens included.

    Raises:
        WeightsError: the folder has none, a file is damaged, or tokens and ids do not fit together.
    """
    folder = settings.folder
    names = TokenNames(**{key: settings.token(f"{key}_token") for key in ("bos", "eos", "pad", "unk")})
    notes: tuple[str, ...] = ()
    if (folder / "tokenizer.json").is_file():
        tokenizer = load_tokenizer(folder)
        _check_added_ids(folder / "tokenizer.json", tokenizer)
    elif (folder / "tokenizer.model").is_file():
        file = SentencePieceFile.read(folder / "tokenizer.model")
        names = replace(names, bos=names.bos or file.bos, eos=names.eos or file.eos, unk=names.unk or file.unk)
        tokenizer = _convert(file, settings, names)
        notes = (f"{file.num_tied} pieces share their rank: where two meet, ids may differ",) if file.num_tied else ()
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
    for name in (names.bos, names.eos, names.unk):
        _check_known(folder, tokenizer, name)
    return PublishedTokenizer(tokenizer=tokenizer, names=names, notes=notes)


def _convert(file: SentencePieceFile, settings: TokenizerSettings, names: TokenNames) -> Tokenizer:
    """Convert ``tokenizer.model``, with the special tokens that its folder names.

    Transformers' classes for such files look for special tokens in the text as it stands, whatever the settings say of
    normalisation, and begin a text with ``bos_token`` unless they say otherwise; ``add_prefix_space`` of the settings
    takes away the blank that the file puts before a text.
    """
    if not settings.flag("add_prefix_space", default=True):
        file = replace(file, has_prefix=False)
    added = settings.added_tokens(in_raw_text=True)
    replaced = [(token_id, token.content) for token_id, token in added.items()]
    tokenizer = file.tokenizer(replaced, is_legacy=settings.flag("legacy", default=True))
    for token_id, token in sorted(added.items()):
        tokenizer = with_token(tokenizer, token, token_id)
    for name in (names.unk, names.bos, names.eos):
        _check_known(settings.folder, tokenizer, name)
        if name:
            tokenizer = with_token(tokenizer, AddedToken(name, special=True, normalized=False), id_of(tokenizer, name))
    if names.bos and settings.flag("add_bos_token", default=True):
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{names.bos} $A",
            pair=f"{names.bos} $A {names.bos} $B",
            special_tokens=[(names.bos, id_of(tokenizer, names.bos))],
        )
    return tokenizer


def _read_byte_level(folder: Path) -> Tokenizer:
    """Read ``vocab.json`` and ``merges.txt`` as Qwen2's tokenizer does."""
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


def _check_added_ids(path: Path, tokenizer: Tokenizer) -> None:
    """Refuse a file whose added tokens the library numbers anew: it leaves no gaps, whatever the file says."""
    for token in json.loads(path.read_text(encoding="utf-8-sig")).get("added_tokens") or ():
        found = tokenizer.token_to_id(token["content"])
        if found != token["id"]:
            raise WeightsError(
                f"{path}: the added token {token['content']}",
                got=f"id {token['id']}, which leaves a gap, so that it is read as {found}",
                expected="added tokens that follow one another",
                do="put the missing tokens into added_tokens",
            )


def _check_known(folder: Path, tokenizer: Tokenizer, token: str) -> None:
    if token and tokenizer.token_to_id(token) is None:
        raise WeightsError(
            f"{folder}: the special token {token}",
            got="a vocabulary without it",
            expected="a token of the vocabulary",
            do="copy the tokenizer's files again, all from one place",
        )
