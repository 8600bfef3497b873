"""Folders of InternLM2 and InternLM2.5 as published: internlm/internlm2_5-7b-chat.

Names and shapes: modeling_internlm2.py of that repository (InternLM2Attention, InternLM2MLP, InternLM2DecoderLayer);
settings: its config.json and configuration_internlm2.py (``bias`` is true where a folder does not say). Quirks kept:
``wqkv`` holds queries, keys and values by key-value head; ``auto_map`` names code that lies beside the weights; the
control tokens of the chat take the places of unused pieces of ``tokenizer.model``.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from checkpoints.llama import random_tensors
from checkpoints.tokenizer_files import LLAMA2_ROWS, write_sentencepiece
from checkpoints.weight_files import write_json, write_tensors

INTERNLM2_CONFIG: Mapping[str, Any] = {
    "architectures": ["InternLM2ForCausalLM"],
    "attn_implementation": "eager",
    "auto_map": {
        "AutoConfig": "configuration_internlm2.InternLM2Config",
        "AutoModel": "modeling_internlm2.InternLM2ForCausalLM",
        "AutoModelForCausalLM": "modeling_internlm2.InternLM2ForCausalLM",
    },
    "bias": False,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "hidden_act": "silu",
    "hidden_size": 48,
    "initializer_range": 0.02,
    "intermediate_size": 80,
    "max_position_embeddings": 32768,
    "model_type": "internlm2",
    "num_attention_heads": 6,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "pad_token_id": 2,
    "pretraining_tp": 1,
    "rms_norm_eps": 1e-05,
    "rope_scaling": {"factor": 2.0, "type": "dynamic"},
    "rope_theta": 1000000,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.41.0",
    "use_cache": True,
    "vocab_size": LLAMA2_ROWS,
}
UNUSED = ("[UNUSED_TOKEN_145]", "[UNUSED_TOKEN_146]")
CONTROL = ("<|im_end|>", "<|im_start|>")
FIRST_USER_PIECE = 3  # behind <unk>, <s> and </s>


def internlm2_shapes(config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return every tensor of InternLM2ForCausalLM."""
    hidden, wide, vocab = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    num_heads, num_groups = config["num_attention_heads"], config["num_key_value_heads"]
    fused = (num_heads + 2 * num_groups) * (hidden // num_heads)
    shapes: dict[str, tuple[int, ...]] = {"model.tok_embeddings.weight": (vocab, hidden)}
    for index in range(config["num_hidden_layers"]):
        layer = f"model.layers.{index}"
        shapes |= {f"{layer}.attention.wqkv.weight": (fused, hidden), f"{layer}.attention.wo.weight": (hidden, hidden)}
        if config.get("bias", True):
            shapes |= {f"{layer}.attention.wqkv.bias": (fused,), f"{layer}.attention.wo.bias": (hidden,)}
        shapes |= {
            f"{layer}.feed_forward.w1.weight": (wide, hidden),
            f"{layer}.feed_forward.w3.weight": (wide, hidden),
            f"{layer}.feed_forward.w2.weight": (hidden, wide),
            f"{layer}.attention_norm.weight": (hidden,),
            f"{layer}.ffn_norm.weight": (hidden,),
        }
    return shapes | {"model.norm.weight": (hidden,), "output.weight": (vocab, hidden)}


def write_internlm2(
    folder: Path, *, seed: int = 31, dtype: torch.dtype = torch.bfloat16, **changes: Any
) -> dict[str, Tensor]:
    """Write a folder and return its tensors; ``changes`` go into its configuration."""
    config = {**INTERNLM2_CONFIG, **changes}
    tensors = random_tensors(internlm2_shapes(config), seed=seed, dtype=dtype)
    write_tensors(folder, tensors, kind="safetensors", num_shards=2)
    write_json(folder / "config.json", config)
    end = FIRST_USER_PIECE + CONTROL.index("<|im_end|>")
    write_json(folder / "generation_config.json", {"bos_token_id": 1, "eos_token_id": [2, end], "pad_token_id": 2})
    (folder / "modeling_internlm2.py").write_text("raise SystemExit('nobody runs this')\n")
    write_sentencepiece(folder, user_defined=UNUSED)
    added = {
        str(FIRST_USER_PIECE + index): {"content": text, "normalized": False, "special": True}
        for index, text in enumerate(CONTROL)
    }
    named = json.loads((folder / "tokenizer_config.json").read_text())
    own = {"added_tokens_decoder": added, "pad_token": "</s>", "tokenizer_class": "InternLM2Tokenizer"}
    write_json(folder / "tokenizer_config.json", {**named, **own})
    return tensors
