"""Small ``tokenizer.model`` files, trained with the settings of published ones, and texts that are hard to cut."""

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

from sentencepiece import SentencePieceProcessor, SentencePieceTrainer

LINES = (
    "Is there a nodule in the left lung? No nodule is seen in the left lung.",
    "The heart is not enlarged. There is no pleural effusion and no pneumothorax.",
    "左肺上叶可见一枚结节，边缘清楚，大小约12毫米。右肺未见异常。",
    "请回答“是”或“否”。左肺有结节吗？未见结节。心影不大，双侧胸腔未见积液。",
    "A chat between a curious user and an artificial intelligence assistant. USER: Which organ? ASSISTANT: The lung.",
    "    def density(hu):\n        return hu < 30  # -1024 to 3071\n\n\n",
    "[INST] What is shown?\t[/INST] A CT slice,  3.14 mm   thick ... ===== ----- !!!!!!",
    "Human: 图中是什么？\nAssistant: 胸部平扫，层厚1.25毫米。",
)
"""What the pieces are learnt from: English, Chinese, code, runs of blanks and signs, digits."""

WORDS = (
    "",
    " ",
    "Is there a nodule in the left lung?",
    "左肺上叶有没有结节？请回答“是”或“否”。",
    "🫁🩻 naïve ﬁ x\u0301 \xa0\u3000",
    "👩\u200d⚕️👨\u200d👩\u200d👧\u200d👦 \U0001f1e8\U0001f1f3",
    "㐂 𠮷 \U00020000\U0002a6d6 龘",
    "\x00\x01\x07\x1b\x7f\x85\u2028\ufeff",
    "\ttwo\ttabs\n\n\nand\r\nlines\r ",
    "  two  spaces       and        runs                  ",
    "\u2581already\u2581there \u2581 \u2581\u2581",
    "aaaaaaa ------- ==== !!!!!!!! 1234567 3.14mm",
    "<0x0A> <s> </s> <unk> <box>[[1, 2, 3, 4]]</box>",
)
"""Texts on which tokenizers part ways."""

# The trainer_spec and normalizer_spec in Llama 2's tokenizer.model, but for the size of the vocabulary.
LLAMA2_SETTINGS: dict[str, Any] = {
    "model_type": "bpe",
    "character_coverage": 0.99995,
    "byte_fallback": True,
    "normalization_rule_name": "identity",
    "split_digits": True,
    "add_dummy_prefix": True,
    "remove_extra_whitespaces": False,
    "allow_whitespace_only_pieces": True,
}
UNUSED = tuple(f"[UNUSED_TOKEN_{index}]" for index in range(1, 7))
"""Spare pieces at the end of InternLM2's vocabulary; its chat models take their places for control tokens."""
INTERNLM2_TOKENS = ("<|plugin|>", "<|interpreter|>", "<|action_end|>", "<|action_start|>", "<|im_end|>", "<|im_start|>")


@cache
def trained(vocab_size: int = 520, **settings: Any) -> bytes:
    """Return a ``tokenizer.model`` with Llama 2's settings, but for those that are given."""
    written = io.BytesIO()
    settings = {**LLAMA2_SETTINGS, **settings}
    SentencePieceTrainer.Train(
        sentence_iterator=iter(LINES * 3), model_writer=written, vocab_size=vocab_size, minloglevel=2, **settings
    )
    return written.getvalue()


def internlm2() -> bytes:
    """Return a ``tokenizer.model`` that ends with spare pieces, as InternLM2's does, and adds no blank."""
    return trained(540, add_dummy_prefix=False, user_defined_symbols=",".join(UNUSED))


def without_blank(model: bytes) -> bytes:
    """Return a model that puts no blank before a text: its normalizer_spec, continued with add_dummy_prefix false."""
    return model + b"\x1a\x02\x18\x00"


def original(model: bytes) -> SentencePieceProcessor:
    """Return sentencepiece's own reader of a model."""
    return SentencePieceProcessor(model_proto=model)


def write_llama2(folder: Path, **config: Any) -> bytes:
    """Write the tokenizer of a Llama 2 or Mistral that has ``tokenizer.model`` alone; return that file."""
    (folder / "tokenizer.model").write_bytes(trained())
    named = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "tokenizer_class": "LlamaTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps({**named, **config}))
    return trained()


def write_internlm2(folder: Path) -> bytes:
    """Write the tokenizer of internlm/internlm2_5-7b-chat, whose settings rename spare pieces; return its model."""
    model = internlm2()
    (folder / "tokenizer.model").write_bytes(model)
    reader = original(model)
    renamed = {str(reader.piece_to_id(name)): text for name, text in zip(UNUSED, INTERNLM2_TOKENS, strict=True)}
    entries = {"0": "<unk>", "1": "<s>", "2": "</s>", **renamed}
    config = {
        "added_tokens_decoder": {key: {"content": text, "special": True} for key, text in entries.items()},
        "bos_token": "<s>",
        "eos_token": "</s>",
        "pad_token": "</s>",
        "unk_token": "<unk>",
        "tokenizer_class": "InternLM2Tokenizer",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    end = reader.piece_to_id(UNUSED[INTERNLM2_TOKENS.index("<|im_end|>")])
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [2, end]}))
    return model
