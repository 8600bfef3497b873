"""The words of a tokenizer and its special tokens, read from its files without building it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doctorsun.errors import WeightsError
from doctorsun.processor.sentencepiece_file import SentencePieceFile
from doctorsun.processor.tokenizer import IMAGE
from doctorsun.processor.tokenizer_settings import TokenizerSettings
from doctorsun.weights.parts import LanguagePart

SPECIAL = ("bos", "eos", "pad", "unk")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What a folder says of its tokens.

    Attributes:
        file: the file that holds the words.
        ids: of every token, added ones included, by its text.
        special: texts of the tokens for begin, end, padding and the unknown, as somebody names them; empty: nobody.
        stop_ids: that ``generation_config.json`` names.
    """

    file: str
    ids: Mapping[str, int]
    special: Mapping[str, str]
    stop_ids: tuple[int, ...]

    @property
    def num_ids(self) -> int:
        """The highest id and one."""
        return max(self.ids.values(), default=-1) + 1

    def told(self) -> dict[str, dict[str, Any] | None]:
        """Return text and id of each special token and of the image's; None for one that nobody names."""
        texts = {**self.special, "image": IMAGE if IMAGE in self.ids else ""}
        return {name: {"token": text, "id": self.ids.get(text)} if text else None for name, text in texts.items()}


def read_vocabulary(folder: Path) -> Vocabulary:
    """Read the tokens of a folder.

    Raises:
        WeightsError: the folder has no tokenizer, or a file of it is damaged.
    """
    settings = TokenizerSettings.read(folder)
    special = {name: settings.token(f"{name}_token") for name in SPECIAL}
    if (folder / "tokenizer.json").is_file():
        file, ids = "tokenizer.json", _of_tokenizer_json(folder / "tokenizer.json")
    elif (folder / "tokenizer.model").is_file():
        pieces = SentencePieceFile.read(folder / "tokenizer.model")
        file, ids = "tokenizer.model", {piece.text: index for index, piece in enumerate(pieces.pieces)}
        own = {"bos": pieces.bos, "eos": pieces.eos, "unk": pieces.unk}
        special |= {name: special[name] or text for name, text in own.items()}
    elif (folder / "vocab.json").is_file():
        file, ids = "vocab.json", _of_vocab_json(folder / "vocab.json")
    else:
        raise WeightsError(
            f"{folder}",
            got="no tokenizer.json, tokenizer.model or vocab.json",
            expected="a tokenizer",
            do="copy its files beside the weights",
        )
    ids |= {token.content: index for index, token in settings.added_tokens().items()}
    return Vocabulary(file=file, ids=ids, special=special, stop_ids=settings.eos_ids())


def words_of(part: LanguagePart | None) -> Vocabulary | WeightsError | None:
    """Return the tokens of a language model, or what is wrong with them; None where it has none."""
    if part is None or part.tokenizer_folder is None:
        return None
    try:
        return read_vocabulary(part.tokenizer_folder)
    except WeightsError as fault:
        return fault


def _of_tokenizer_json(path: Path) -> dict[str, int]:
    content = _json(path)
    try:
        words = content["model"]["vocab"]  # a list of pairs where the model is Unigram
        pairs = words.items() if isinstance(words, dict) else ((pair[0], index) for index, pair in enumerate(words))
        return {**dict(pairs), **{token["content"]: token["id"] for token in content.get("added_tokens") or ()}}
    except (KeyError, TypeError, IndexError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error


def _of_vocab_json(path: Path) -> dict[str, int]:
    try:
        return {text: int(index) for text, index in _json(path, "utf-8").items()}
    except (TypeError, ValueError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error


def _json(path: Path, encoding: str = "utf-8-sig") -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding=encoding)))
    except (OSError, ValueError, TypeError) as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, got: str) -> WeightsError:
    return WeightsError(f"{path}", got=got, expected="the vocabulary of a tokenizer", do="copy the file again")
