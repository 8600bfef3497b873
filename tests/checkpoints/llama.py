"""Folders of Llama as published: meta-llama/Llama-3.1-8B-Instruct, and FlagAlpha/Llama2-Chinese-13b-Chat.

Names and shapes: huggingface/transformers@v4.43.0 and v4.32.0, src/transformers/models/llama/modeling_llama.py.
Settings: config.json and generation_config.json of those repositories, with small sizes. Quirks kept: no pad token is
named; several ends; the rotary frequencies of Llama 2 among its tensors, its tokenizer only as ``tokenizer.model``.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from checkpoints.tokenizer_files import LLAMA2_ROWS, LLAMA3_ROWS, write_llama3_tokenizer, write_sentencepiece
from checkpoints.weight_files import write_json, write_tensors

LLAMA_CONFIG: Mapping[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "attention_bias": False,
    "bos_token_id": 300,
    "eos_token_id": [301, 304],
    "hidden_act": "silu",
    "hidden_size": 48,
    "initializer_range": 0.02,
    "intermediate_size": 80,
    "max_position_embeddings": 131072,
    "mlp_bias": False,
    "model_type": "llama",
    "num_attention_heads": 6,
    "num_hidden_layers": 2,
    "num_key_value_heads": 3,
    "pretraining_tp": 1,
    "rms_norm_eps": 1e-05,
    "rope_scaling": {
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
        "rope_type": "llama3",
    },
    "rope_theta": 500000.0,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.43.0.dev0",
    "use_cache": True,
    "vocab_size": LLAMA3_ROWS,
}
LLAMA2_CONFIG: Mapping[str, Any] = {
    **{name: value for name, value in LLAMA_CONFIG.items() if name not in {"attention_bias", "mlp_bias", "rope_theta"}},
    "bos_token_id": 1,
    "eos_token_id": 2,
    "max_position_embeddings": 4096,
    "num_key_value_heads": 6,
    "pad_token_id": 0,
    "rope_scaling": None,
    "torch_dtype": "float16",
    "transformers_version": "4.32.0",
    "vocab_size": LLAMA2_ROWS,
}


def llama_shapes(config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return every tensor of LlamaForCausalLM, MistralForCausalLM or Qwen2ForCausalLM."""
    hidden, wide, vocab = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    head = config.get("head_dim") or hidden // config["num_attention_heads"]
    queries, keys = head * config["num_attention_heads"], head * config["num_key_value_heads"]
    has_bias = config["model_type"] == "qwen2" or config.get("attention_bias", False)
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (vocab, hidden)}
    for index in range(config["num_hidden_layers"]):
        layer = f"model.layers.{index}"
        for side, rows in (("q", queries), ("k", keys), ("v", keys)):
            shapes[f"{layer}.self_attn.{side}_proj.weight"] = (rows, hidden)
            if has_bias:
                shapes[f"{layer}.self_attn.{side}_proj.bias"] = (rows,)
        shapes[f"{layer}.self_attn.o_proj.weight"] = (hidden, queries)
        if has_bias and config["model_type"] != "qwen2":
            shapes[f"{layer}.self_attn.o_proj.bias"] = (hidden,)
        shapes |= {
            f"{layer}.mlp.gate_proj.weight": (wide, hidden),
            f"{layer}.mlp.up_proj.weight": (wide, hidden),
            f"{layer}.mlp.down_proj.weight": (hidden, wide),
            f"{layer}.input_layernorm.weight": (hidden,),
            f"{layer}.post_attention_layernorm.weight": (hidden,),
        }
    shapes["model.norm.weight"] = (hidden,)
    if not config["tie_word_embeddings"]:
        shapes["lm_head.weight"] = (vocab, hidden)
    return shapes


def random_tensors(
    shapes: Mapping[str, tuple[int, ...]], *, seed: int, dtype: torch.dtype = torch.float32
) -> dict[str, Tensor]:
    """Return noise that keeps the size of what passes through; the weights of norms lie around one."""
    generator = torch.Generator().manual_seed(seed)
    tensors: dict[str, Tensor] = {}
    for name, shape in shapes.items():
        noise = torch.randn(shape, generator=generator)
        is_norm = "norm" in name.rpartition(".")[0].rpartition(".")[2] and name.endswith("weight")
        scale = 1 / math.sqrt(math.prod(shape[1:])) if len(shape) > 1 and "embed" not in name else 0.3
        tensors[name] = (noise * scale + is_norm).to(dtype)
    return tensors


def write_llama3(
    folder: Path, *, seed: int = 11, dtype: torch.dtype = torch.bfloat16, num_shards: int = 1, **changes: Any
) -> dict[str, Tensor]:
    """Write a Llama 3.1 and return its tensors; ``changes`` go into its configuration."""
    config = {**LLAMA_CONFIG, **changes}
    tensors = random_tensors(llama_shapes(config), seed=seed, dtype=dtype)
    write_tensors(folder, tensors, kind="safetensors", num_shards=num_shards)
    write_json(folder / "config.json", config)
    ways = {"do_sample": True, "temperature": 0.6, "top_p": 0.9, "transformers_version": "4.42.3"}
    write_json(folder / "generation_config.json", {"bos_token_id": 300, "eos_token_id": [301, 304], **ways})
    write_llama3_tokenizer(folder)
    return tensors


def write_llama2(folder: Path, *, seed: int = 12, **changes: Any) -> dict[str, Tensor]:
    """Write a Llama 2 as torch.save does, in float16 and two shards, and return its tensors."""
    config = {**LLAMA2_CONFIG, **changes}
    tensors = random_tensors(llama_shapes(config), seed=seed, dtype=torch.float16)
    buffers = {f"model.layers.{index}.self_attn.rotary_emb.inv_freq": torch.ones(4) for index in range(2)}
    write_tensors(folder, {**tensors, **buffers}, kind="bin", num_shards=2)
    write_json(folder / "config.json", config)
    ends = {"_from_model_config": True, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    write_json(folder / "generation_config.json", {**ends, "transformers_version": "4.32.0"})
    write_sentencepiece(folder)
    return tensors
