"""Train, save and load tokenizers in the Hugging Face layout, with nothing but the ``tokenizers`` library."""

import json
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from doctorsun.errors import DataError, WeightsError
from doctorsun.processor.chat_template import DEFAULT_TEMPLATE
from doctorsun.storage.atomic import write_json, write_text

BOS, EOS_DOCUMENT, EOS_TURN = "<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"
HEADER_START, HEADER_END = "<|start_header_id|>", "<|end_header_id|>"
IMAGE, PAD = "<image>", "<pad>"
SPECIAL_TOKENS = (BOS, EOS_DOCUMENT, HEADER_START, HEADER_END, EOS_TURN, IMAGE, PAD)
BOX_TOKENS = ("<ref>", "</ref>", "<box>", "</box>")
DOCUMENT_ENDS = (EOS_DOCUMENT, "<|endoftext|>", "</s>")
"""What ends a document: Llama 3, Qwen2, and the tokenizers of sentencepiece."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenNames:
    """Texts of the special tokens that a configuration names; empty where there is none."""

    bos: str = BOS
    eos: str = EOS_TURN
    pad: str = PAD
    unk: str = ""


# Llama 3's own pattern (tokenizer.json of meta-llama/Meta-Llama-3-8B): every serving engine knows it by hash.
LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Train a byte-level BPE on texts, with Llama 3's pattern and special tokens.

    Args:
        texts: the run's own words.
        vocab_size: entries without the special tokens; fewer when the texts hold fewer.

    Raises:
        DataError: there is no text.
    """
    tokenizer = Tokenizer(models.BPE(byte_fallback=False, ignore_merges=True))
    split = pre_tokenizers.Split(Regex(LLAMA3_PATTERN), behavior="isolated")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    counter = _Counter(texts)
    tokenizer.train_from_iterator(counter, trainer)
    if counter.num_texts == 0:
        raise DataError(
            "the tokenizer has no text to learn from", got="0 texts", expected="at least one", do="add a data source"
        )
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS])
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in BOX_TOKENS])
    return tokenizer


class _Counter:
    """Counts the texts that pass through."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = texts
        self.num_texts = 0

    def __iter__(self) -> Iterator[str]:
        for text in self.texts:
            self.num_texts += 1
            yield text


def id_of(tokenizer: Tokenizer, token: str) -> int:
    """Return the id of a special token.

    Raises:
        WeightsError: the tokenizer does not have it.
    """
    found = tokenizer.token_to_id(token)
    if found is None:
        raise WeightsError(
            f"the token {token}",
            got="a tokenizer without it",
            expected="a vocabulary that holds it",
            do="use weights that 'doctorsun run' or 'doctorsun weights import' made",
        )
    return found


def ends_of(vocabulary: Container[str], eos: str, ends_turns: str) -> tuple[str, ...]:
    """Return the tokens that end an answer: the end that the configuration names, a turn's, and a document's.

    Args:
        vocabulary: texts of the tokens.
        eos: that the configuration names; empty where it names none.
        ends_turns: of the chat template; empty where the configuration's end does it.
    """
    document = next((token for token in DOCUMENT_ENDS if token in vocabulary), eos)
    return tuple(dict.fromkeys(token for token in (eos or ends_turns, ends_turns, document) if token))


def stop_ids(named: Sequence[int], own_ends: Sequence[int]) -> tuple[int, ...]:
    """Return the ids that end an answer, each once; named ones that share none with the tokenizer's are another's.

    Args:
        named: by ``generation_config.json``.
        own_ends: of the tokenizer and the chat template.
    """
    ours = named if set(named) & set(own_ends) else ()
    return tuple(dict.fromkeys((*ours, *own_ends)))


def document_end(tokenizer: Tokenizer, eos: str) -> str:
    """Return the token that ends a document: one of the known ones, or else the end that the configuration names."""
    return next((token for token in DOCUMENT_ENDS if tokenizer.token_to_id(token) is not None), eos)


def save_tokenizer(
    tokenizer: Tokenizer,
    folder: Path,
    *,
    names: TokenNames | None = None,
    template: str = DEFAULT_TEMPLATE,
    max_length: int,
) -> None:
    """Write ``tokenizer.json``, ``tokenizer_config.json`` and the chat template, as ``AutoTokenizer`` reads them."""
    names = names or TokenNames()
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "tokenizer.json", tokenizer.to_str(pretty=False))
    write_text(folder / "chat_template.jinja", template)
    named = {"bos_token": names.bos, "eos_token": names.eos, "pad_token": names.pad, "unk_token": names.unk}
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        **{key: text for key, text in named.items() if text},
        "image_token": IMAGE,
        "extra_special_tokens": {"image_token": IMAGE},
        "clean_up_tokenization_spaces": False,
        "model_max_length": max_length,
        "processor_class": "LlavaProcessor",
    }
    write_json(folder / "tokenizer_config.json", config)


def load_tokenizer(folder: Path) -> Tokenizer:
    """Read ``tokenizer.json``; it encodes texts whole, whatever the file says of truncation and padding.

    Raises:
        WeightsError: the file is missing or damaged.
    """
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise WeightsError(
            f"{path}",
            got="no such file",
            expected="a tokenizer in the Hugging Face layout",
            do="name a folder that 'doctorsun run' or save_pretrained made",
        )
    try:
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8-sig"))
    except Exception as error:  # the library raises a bare Exception for every fault
        raise WeightsError(
            f"{path}", got=str(error), expected="a readable tokenizer", do="copy the file again"
        ) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def read_token_name(folder: Path, key: str) -> str:
    """Return a special token's text from ``tokenizer_config.json``; empty when it is not set.

    Raises:
        WeightsError: the file is missing or not JSON.
    """
    path = folder / "tokenizer_config.json"
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig")).get(key) or ""
        return value["content"] if isinstance(value, dict) else value
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise WeightsError(
            f"{path}",
            got=f"{type(error).__name__}: {error}",
            expected="the configuration of a tokenizer",
            do="copy the folder again",
        ) from error
