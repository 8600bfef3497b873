"""Folders of Qwen2 as published: Qwen/Qwen2-7B-Instruct, and the smaller Qwen2-0.5B-Instruct, which is tied.

Names and shapes: huggingface/transformers@v4.41.2, src/transformers/models/qwen2/modeling_qwen2.py. Settings:
config.json and generation_config.json of those repositories, with small sizes. Quirks kept: biases of queries, keys
and values alone; more rows of the embedding than tokens; no token begins a text; a tied head is not stored.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from checkpoints.llama import llama_shapes, random_tensors
from checkpoints.tokenizer_files import QWEN2_ROWS, write_qwen2_tokenizer
from checkpoints.weight_files import write_json, write_tensors

SPARE_ROWS = 9
QWEN2_CONFIG: Mapping[str, Any] = {
    "architectures": ["Qwen2ForCausalLM"],
    "attention_dropout": 0.0,
    "bos_token_id": 300,
    "eos_token_id": 302,
    "hidden_act": "silu",
    "hidden_size": 48,
    "initializer_range": 0.02,
    "intermediate_size": 80,
    "max_position_embeddings": 32768,
    "max_window_layers": 2,
    "model_type": "qwen2",
    "num_attention_heads": 6,
    "num_hidden_layers": 2,
    "num_key_value_heads": 3,
    "rms_norm_eps": 1e-06,
    "rope_theta": 1000000.0,
    "sliding_window": 131072,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.41.2",
    "use_cache": True,
    "use_sliding_window": False,
    "vocab_size": QWEN2_ROWS + SPARE_ROWS,
}


def write_qwen2(
    folder: Path, *, seed: int = 41, dtype: torch.dtype = torch.bfloat16, **changes: Any
) -> dict[str, Tensor]:
    """Write a folder and return its tensors; ``changes`` go into its configuration."""
    config = {**QWEN2_CONFIG, **changes}
    tensors = random_tensors(llama_shapes(config), seed=seed, dtype=dtype)
    write_tensors(folder, tensors, kind="safetensors")
    write_json(folder / "config.json", config)
    ways = {"do_sample": True, "repetition_penalty": 1.05, "temperature": 0.7, "top_k": 20, "top_p": 0.8}
    ends = {"bos_token_id": 300, "eos_token_id": [302, 300], "pad_token_id": 300}
    write_json(folder / "generation_config.json", {**ways, **ends, "transformers_version": "4.37.0"})
    write_qwen2_tokenizer(folder)
    return tensors
