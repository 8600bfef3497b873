"""``--tokenizer``: whether a tokenizer that a user gives is that of the language model."""

from pathlib import Path

from doctorsun.errors import WeightsError
from doctorsun.processor.tokenizer import IMAGE
from doctorsun.weights.parts import LanguagePart
from doctorsun.weights.vocabulary import Vocabulary, read_vocabulary, words_of

LEAST_SHARE = 0.9
"""Of the rows that a tokenizer has tokens for: Qwen2 7B has tokens for 99.7% of its 152,064 rows, and of the sizes that
are known here (152,064, 128,256, 92,544, 32,000 rows) each is less than nine tenths of the one before."""
MOST_OTHERS = 0.05
"""Of the ids that two tokenizers have in common: files of one model may call special tokens otherwise."""
DO = "give the tokenizer of the language model that these weights were trained from"


def require_tokenizer(folder: Path, part: LanguagePart) -> None:
    """Require that a tokenizer is that of a language model, by its ids and by the model's own where it has one.

    Args:
        folder: of the tokenizer.
        part: the language model, with its own tokenizer.

    Raises:
        WeightsError: it has ids without a row, leaves a tenth of the rows without a token, has other words than the
            model's own, or its files are damaged.
    """
    given = read_vocabulary(folder)
    rows = part.tensors["model.embed_tokens.weight"].header.shape[0]
    added = {IMAGE, given.special["pad"]}  # a LLaVA's own; rows are added for them
    num_ids = max((index for text, index in given.ids.items() if text not in added), default=-1) + 1
    if not LEAST_SHARE * rows <= num_ids <= rows:
        raise WeightsError(
            f"--tokenizer {folder}",
            got=f"{num_ids} ids ({given.file})",
            expected=f"at most {rows}, as the embedding has rows, and not less than nine tenths of them",
            do=DO,
        )
    own = words_of(part)
    if isinstance(own, Vocabulary):
        _require_words(folder, given, own)


def _require_words(folder: Path, given: Vocabulary, own: Vocabulary) -> None:
    texts = {index: text for text, index in given.ids.items()}
    common = {index: text for text, index in own.ids.items() if index in texts}
    others = [index for index, text in sorted(common.items()) if texts[index] != text]
    if len(others) > MOST_OTHERS * len(common):
        first = others[0]
        raise WeightsError(
            f"--tokenizer {folder}",
            got=f"{len(others)} of {len(common)} words other than the model's own, the first {first}: {texts[first]!r}",
            expected=f"{common[first]!r} there, as {own.file} of the model has",
            do=DO,
        )
