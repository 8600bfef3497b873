"""What the JSON files beside a tokenizer say: names of special tokens, added tokens, and the ids that end an answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import AddedToken

from doctorsun.errors import WeightsError

CONFIG_FILE, GENERATION_FILE = "tokenizer_config.json", "generation_config.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenizerSettings:
    """The files of one folder; a missing one is empty.

    Attributes:
        folder: where they lie.
        config: ``tokenizer_config.json``.
        special: ``special_tokens_map.json``.
        added: ``added_tokens.json``: ids by their text.
        generation: ``generation_config.json``.
    """

    folder: Path
    config: Mapping[str, Any]
    special: Mapping[str, Any]
    added: Mapping[str, Any]
    generation: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> "TokenizerSettings":
        """Read the files of a folder.

        Raises:
            WeightsError: a file is not a JSON object.
        """
        return cls(
            folder=folder,
            config=_read(folder / CONFIG_FILE),
            special=_read(folder / "special_tokens_map.json"),
            added=_read(folder / "added_tokens.json"),
            generation=_read(folder / GENERATION_FILE),
        )

    def token(self, key: str) -> str:
        """Return the text of ``bos_token``, ``eos_token`` or such; empty where no file names it.

        Raises:
            WeightsError: the name is no text.
        """
        for value in (self.config.get(key), self.special.get(key)):
            text = value.get("content") if isinstance(value, dict) else value
            if text is not None and not isinstance(text, str):
                raise self._wrong(key, value, "the text of a token")
            if text:
                return text
        return ""

    def flag(self, key: str, *, default: bool) -> bool:
        """Return a switch of ``tokenizer_config.json``.

        Raises:
            WeightsError: it is neither true nor false.
        """
        value = self.config.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._wrong(key, value, "true or false")
        return value

    def eos_ids(self) -> tuple[int, ...]:
        """Return the ids with which ``generation_config.json`` ends an answer.

        Raises:
            WeightsError: they are no ids.
        """
        value = self.generation.get("eos_token_id")
        ids = [] if value is None else value if isinstance(value, list) else [value]
        if not all(_is_id(each) for each in ids):
            raise self._wrong("eos_token_id", value, "an id or a list of ids", GENERATION_FILE)
        return tuple(ids)

    def added_tokens(self, *, in_raw_text: bool = False) -> dict[int, AddedToken]:
        """Return the tokens that stand outside the vocabulary, or take the place of one in it, by their ids.

        Args:
            in_raw_text: they are looked for before the text is normalised, whatever the files say.

        Raises:
            WeightsError: an entry is no token or no id.
        """
        tokens: dict[int, AddedToken] = {}
        for text, token_id in self.added.items():
            if not _is_id(token_id):
                raise self._wrong(text, token_id, "an id", "added_tokens.json")
            tokens[token_id] = AddedToken(text, special=True, normalized=False)
        entries = self.config.get("added_tokens_decoder") or {}
        if not isinstance(entries, dict):
            raise self._wrong("added_tokens_decoder", entries, "tokens by their ids")
        for key, value in entries.items():
            try:
                tokens[_id(key)] = AddedToken(
                    value["content"],
                    single_word=bool(value.get("single_word")),
                    lstrip=bool(value.get("lstrip")),
                    rstrip=bool(value.get("rstrip")),
                    normalized=bool(value.get("normalized")) and not in_raw_text,
                    special=bool(value.get("special")),
                )
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise self._wrong(f"added_tokens_decoder {key}", value, "a token at an id") from error
        return tokens

    def _wrong(self, key: str, value: Any, expected: str, name: str = CONFIG_FILE) -> WeightsError:
        return WeightsError(
            f"{self.folder / name}: {key}", got=repr(value), expected=expected, do="copy the folder again"
        )


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _id(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(text)
    return int(text)


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    if not isinstance(content, dict):
        raise _damaged(path, f"a {type(content).__name__}")
    return content


def _damaged(path: Path, got: str) -> WeightsError:
    return WeightsError(f"{path}", got=got, expected="a JSON object", do="copy the folder again")
