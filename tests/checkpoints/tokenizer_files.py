"""Tokenizers as published language models bring them: without an image token, most without a pad token."""

import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from doctorsun.processor.tokenizer import LLAMA3_PATTERN

TEXTS = ("Is there a nodule in the left lung? No nodule is seen.", "左肺有结节吗?未见结节。", "Which organ is it?")
LLAMA3_TOKENS = ("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
QWEN2_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
LLAMA3_ROWS, QWEN2_ROWS, LLAMA2_ROWS = 305, 303, 290
"""Sizes of the vocabularies."""


def write_llama3_tokenizer(folder: Path) -> None:
    """Write the files of meta-llama/Llama-3.1-8B-Instruct: no pad token is named."""
    _write(folder, LLAMA3_TOKENS, {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"})


def write_qwen2_tokenizer(folder: Path) -> None:
    """Write the files of Qwen/Qwen2-7B-Instruct: the end of a document fills up."""
    named = {"bos_token": None, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
    _write(folder, QWEN2_TOKENS, named)


def write_sentencepiece(folder: Path, *, user_defined: Iterable[str] = ()) -> None:
    """Write the ``tokenizer.model`` of a Llama 2, and nothing that names a pad token."""
    from sentencepiece import SentencePieceTrainer

    SentencePieceTrainer.Train(
        sentence_iterator=iter(TEXTS),
        model_prefix=str(folder / "tokenizer"),
        model_type="bpe",
        vocab_size=LLAMA2_ROWS,
        character_coverage=0.98,
        byte_fallback=True,
        normalization_rule_name="identity",
        split_digits=True,
        remove_extra_whitespaces=False,
        user_defined_symbols=list(user_defined),
        minloglevel=2,
    )
    (folder / "tokenizer.vocab").unlink()
    config = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "tokenizer_class": "LlamaTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def _write(folder: Path, special: Iterable[str], named: dict[str, str | None]) -> None:
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    split = pre_tokenizers.Split(Regex(LLAMA3_PATTERN), behavior="isolated")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", **named}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
