"""``tokenizer.model``, a sentencepiece BPE, as a tokenizer with the same ids."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from doctorsun.errors import WeightsError
from doctorsun.processor.protobuf_fields import fields

BLANK = "\u2581"
"""What sentencepiece writes for a blank."""

# Numbers and defaults of sentencepiece_model.proto in google/sentencepiece.
_PIECES, _TRAINER, _NORMALIZER = 1, 2, 3
_TEXT, _SCORE, _KIND = 1, 2, 3
_NORMAL, _USER_DEFINED, _BYTE = 1, 4, 6
_MODEL_TYPE, _SUFFIX, _UNK, _BOS, _EOS = 3, 24, 40, 41, 42
_TRAINER_DEFAULTS = {_MODEL_TYPE: 1, _SUFFIX: 0, _UNK: 0, _BOS: 1, _EOS: 2}
_NAME, _RULES, _PREFIX, _TRIMS, _ESCAPES = 1, 2, 3, 4, 5
_NORMALIZER_DEFAULTS = {_NAME: b"", _RULES: b"", _PREFIX: 1, _TRIMS: 1, _ESCAPES: 1}
_BPE = 2


class Piece(NamedTuple):
    """One entry of the vocabulary; of two pairs that can be merged, the one whose piece has the higher score is."""

    text: str
    score: float
    kind: int


@dataclass(frozen=True, kw_only=True)
class SentencePieceFile:
    """A sentencepiece model that cuts text as it stands into pieces, by merging pairs.

    Attributes:
        pieces: the vocabulary; the place of a piece is its id.
        has_prefix: a text begins with a blank of its own, so that its first word is like any other.
        bos: the piece that begins a text; empty where there is none.
        eos: the piece that ends a text; empty where there is none.
        unk: the piece for what no other covers; empty where there is none.
    """

    pieces: tuple[Piece, ...]
    has_prefix: bool
    bos: str
    eos: str
    unk: str

    @classmethod
    def read(cls, path: Path) -> "SentencePieceFile":
        """Read ``tokenizer.model``.

        Raises:
            WeightsError: the file is damaged, or it cuts text in a way that a stock tokenizer cannot repeat.
        """
        try:
            return cls._from_message(path, path.read_bytes())
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise _unusable(path, f"{error}", "a sentencepiece model", "copy the file again") from error

    @classmethod
    def _from_message(cls, path: Path, message: bytes) -> "SentencePieceFile":
        parts = list(fields(message))
        trainer = {**_TRAINER_DEFAULTS, **_message(parts, _TRAINER)}
        normalizer = {**_NORMALIZER_DEFAULTS, **_message(parts, _NORMALIZER)}
        pieces = tuple(_piece(content) for number, content in parts if number == _PIECES)
        if not pieces:
            raise _unusable(path, "no pieces", "a sentencepiece model", "copy the file again")
        _require_end(path, {number for number, _ in parts})
        _check_kind(path, trainer, normalizer)
        bos, eos, unk = (
            pieces[trainer[number]].text if 0 <= trainer[number] < len(pieces) else "" for number in (_BOS, _EOS, _UNK)
        )
        return cls(pieces=pieces, has_prefix=bool(normalizer[_PREFIX]), bos=bos, eos=eos, unk=unk)

    @cached_property
    def num_tied(self) -> int:
        """Pieces that share their score with another.

        Sentencepiece merges the leftmost of them first; a stock tokenizer ranks every merge on its own, so that where
        two of them overlap, the ids may differ.
        """
        ranks = Counter(piece.score for piece in self._mergeable())
        return sum(count for count in ranks.values() if count > 1)

    def tokenizer(self, added: Collection[tuple[int, str]] = (), *, is_legacy: bool) -> Tokenizer:
        """Return a tokenizer with the same ids.

        Args:
            added: texts that take the place of the pieces at their ids; ids after the last piece are left out.
            is_legacy: every text between special tokens begins with a blank of its own; otherwise only the first does
                (``legacy`` of transformers' LlamaTokenizer).
        """
        renamed = {index: text for index, text in added if index < len(self.pieces)}
        texts = [renamed.get(index, piece.text) for index, piece in enumerate(self.pieces)]
        vocabulary = {text: index for index, text in enumerate(texts)}
        has_bytes = any(piece.kind == _BYTE for piece in self.pieces)
        merges = list(self._merges(vocabulary))
        unk = self.unk or None
        tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token=unk, fuse_unk=True, byte_fallback=has_bytes))
        self._set_blanks(tokenizer, is_legacy=is_legacy)
        symbols = [text for text in self._symbols() if text in vocabulary]
        tokenizer.add_tokens([AddedToken(text, special=False, normalized=True) for text in symbols])
        return tokenizer

    def _mergeable(self) -> Iterator[Piece]:
        return (piece for piece in self.pieces if piece.kind == _NORMAL and len(piece.text) > 1)

    def _symbols(self) -> Iterator[str]:
        """Yield the user-defined symbols, which are never merged with what stands beside them."""
        return (piece.text for piece in self.pieces if piece.kind == _USER_DEFINED)

    def _merges(self, vocabulary: Mapping[str, int]) -> Iterator[tuple[str, str]]:
        """Yield the pairs that make up each piece, the piece of the highest score first.

        Pairs of equal score stand in the order of transformers' own conversion: the longer left half first.
        """
        normal = {piece.text for piece in self.pieces if piece.kind == _NORMAL} & vocabulary.keys()
        ranked: list[tuple[float, int, int, str, str]] = []
        for text, score, _ in self._mergeable():
            for cut in range(1, len(text) if text in normal else 0):
                left, right = text[:cut], text[cut:]
                if left in normal and right in normal:
                    ranked.append((-score, -len(left), -len(right), left, right))
        ranked.sort(key=lambda pair: pair[:3])
        return ((left, right) for *_, left, right in ranked)

    def _set_blanks(self, tokenizer: Tokenizer, *, is_legacy: bool) -> None:
        blanks = normalizers.Replace(" ", BLANK)
        if self.has_prefix and is_legacy:
            tokenizer.normalizer = normalizers.Sequence([self._prefix(), blanks])
        else:
            tokenizer.normalizer = blanks
        if self.has_prefix and not is_legacy:
            # As transformers' own conversion: a text that begins with a blank gets no other.
            tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(BLANK, prepend_scheme="first", split=False)
        stripped = [decoders.Strip(" ", 1, 0)] if self.has_prefix else []
        tokenizer.decoder = decoders.Sequence(
            [decoders.Replace(BLANK, " "), decoders.ByteFallback(), decoders.Fuse(), *stripped]
        )

    def _prefix(self) -> normalizers.Normalizer:
        symbols = [re.escape(text) for text in self._symbols()]
        if not symbols:
            return normalizers.Prepend(BLANK)
        # The library passes the text of a user-defined symbol through here, too, before it looks for it.
        return normalizers.Replace(Regex(rf"\A(?!(?:{'|'.join(symbols)})\z)(?=[\s\S])"), BLANK)


def _message(parts: Sequence[tuple[int, Any]], wanted: int) -> dict[int, Any]:
    return {number: value for part, content in parts if part == wanted for number, value in fields(content)}


def _piece(content: bytes) -> Piece:
    found: dict[int, Any] = {_TEXT: b"", _SCORE: 0.0, _KIND: _NORMAL, **dict(fields(content))}
    return Piece(found[_TEXT].decode("utf-8"), float(found[_SCORE]), found[_KIND])


def _require_end(path: Path, found: Collection[int]) -> None:
    """Require what sentencepiece writes after the pieces; without it a cut file looks like another kind of model."""
    for number, name in ((_TRAINER, "trainer_spec"), (_NORMALIZER, "normalizer_spec")):
        if number not in found:
            got = f"pieces without the {name} after them: a file that is cut or damaged"
            raise _unusable(path, got, "a whole sentencepiece model", "copy or fetch the file again")


def _check_kind(path: Path, trainer: Mapping[int, Any], normalizer: Mapping[int, Any]) -> None:
    unfit = {
        "a model that is no BPE": trainer[_MODEL_TYPE] != _BPE,
        f"the normalisation {normalizer[_NAME].decode('utf-8', 'replace')}": normalizer[_RULES] != b"",
        "blanks that are taken out": normalizer[_TRIMS],
        "blanks that stay blanks": not normalizer[_ESCAPES],
        "blanks at the end of words": trainer[_SUFFIX],
    }
    for found, is_so in unfit.items():
        if is_so:
            expected = "a BPE of text as it stands, like Llama 2's, Mistral's and InternLM2's"
            raise _unusable(path, found, expected, "convert it to tokenizer.json with transformers, and use that")


def _unusable(path: Path, got: str, expected: str, do: str) -> WeightsError:
    return WeightsError(f"{path}", got=got, expected=expected, do=do)
