"""Folders of Mistral as published: mistralai/Mistral-7B-Instruct-v0.2, on which LLaVA-Med 1.5 was built.

Names and shapes: huggingface/transformers@v4.36.0, src/transformers/models/mistral/modeling_mistral.py. Settings:
config.json of that repository, with small sizes. Quirks kept: ``sliding_window`` null; no pad token is named.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from checkpoints.llama import llama_shapes, random_tensors
from checkpoints.tokenizer_files import LLAMA2_ROWS, write_sentencepiece
from checkpoints.weight_files import write_json, write_tensors

MISTRAL_CONFIG: Mapping[str, Any] = {
    "architectures": ["MistralForCausalLM"],
    "attention_dropout": 0.0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "hidden_act": "silu",
    "hidden_size": 48,
    "initializer_range": 0.02,
    "intermediate_size": 80,
    "max_position_embeddings": 32768,
    "model_type": "mistral",
    "num_attention_heads": 6,
    "num_hidden_layers": 2,
    "num_key_value_heads": 3,
    "rms_norm_eps": 1e-05,
    "rope_theta": 1000000.0,
    "sliding_window": None,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.36.0",
    "use_cache": True,
    "vocab_size": LLAMA2_ROWS,
}


def write_mistral(
    folder: Path, *, seed: int = 51, dtype: torch.dtype = torch.bfloat16, **changes: Any
) -> dict[str, Tensor]:
    """Write a folder and return its tensors; ``changes`` go into its configuration."""
    config = {**MISTRAL_CONFIG, **changes}
    tensors = random_tensors(llama_shapes(config), seed=seed, dtype=dtype)
    write_tensors(folder, tensors, kind="safetensors", num_shards=3)
    write_json(folder / "config.json", config)
    ends = {"_from_model_config": True, "bos_token_id": 1, "eos_token_id": 2, "transformers_version": "4.36.0"}
    write_json(folder / "generation_config.json", ends)
    write_sentencepiece(folder)
    return tensors
