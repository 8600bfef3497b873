"""GMAI-VL as its code saves it: transformers' names around InternLM2ForCausalLM.

Names and settings: uni-medical/GMAI-VL@32934ef, xtuner/_lite/modelings/llava/{modeling,configuration}_llava.py. Quirks
kept: those of `checkpoints.internlm2`, behind ``language_model.``.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from checkpoints.clip import tower_config, write_preprocessor
from checkpoints.internlm2 import INTERNLM2_CONFIG, write_internlm2
from checkpoints.llama import LLAMA_CONFIG
from checkpoints.llava_hf import stock_tensors
from checkpoints.weight_files import write_json, write_tensors

RENAMED: Mapping[str, str] = {
    "model.embed_tokens": "model.tok_embeddings",
    "self_attn.q_proj": "attention.wqkv",
    "self_attn.o_proj": "attention.wo",
    "mlp.gate_proj": "feed_forward.w1",
    "mlp.down_proj": "feed_forward.w2",
    "mlp.up_proj": "feed_forward.w3",
    "input_layernorm": "attention_norm",
    "post_attention_layernorm": "ffn_norm",
    "lm_head": "output",
}


def internlm2_named(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a stock LLaVA whose Llama stands under the names of InternLM2, its queries, keys and values fused."""
    named: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        sides = [name.replace("q_proj", f"{side}_proj") for side in "qkv"]
        if not name.startswith("language_model."):
            named[name] = tensor
        elif "self_attn.q_proj" in name:
            named[internlm2_name(name)] = fused(*(tensors[side] for side in sides))
        elif not re.search(r"self_attn\.[kv]_proj", name):
            named[internlm2_name(name)] = tensor
    return named


def internlm2_name(name: str) -> str:
    """Return InternLM2's name of a Llama's tensor; ``wqkv`` stands where the queries stood."""
    for llama, internlm2 in RENAMED.items():
        name = name.replace(llama, internlm2)
    return name


def fused(queries: Tensor, keys: Tensor, values: Tensor, *, head: int = 8) -> Tensor:
    """Return ``wqkv``: for each key-value head its queries, its key and its value (InternLM2Attention)."""
    groups = len(keys) // head
    sides = [side.view(groups, -1, head, side.shape[-1]) for side in (queries, keys, values)]
    return torch.cat(sides, dim=1).flatten(0, 2)


def write_enhanced_llava(folder: Path, **changes: Any) -> dict[str, Tensor]:
    """Write a folder and return its tensors by the names of transformers 4.37, the Llama's inside."""
    sizes = {name: INTERNLM2_CONFIG[name] for name in ("num_key_value_heads", "vocab_size")}
    tensors = stock_tensors({**LLAMA_CONFIG, **sizes}, seed=55)
    write_internlm2(folder)
    for path in folder.glob("model*.safetensors*"):
        path.unlink()
    write_tensors(folder, internlm2_named(tensors), kind="safetensors", num_shards=2)
    config = {
        "architectures": ["LlavaForConditionalGeneration"],
        "auto_map": {"AutoModel": "modeling_llava.LlavaForConditionalGeneration"},
        "ignore_index": -100,
        "image_token_index": 290,
        "model_type": "enhanced_llava",
        "projector_hidden_act": "gelu",
        "text_config": dict(INTERNLM2_CONFIG),
        "torch_dtype": "float32",
        "vision_config": tower_config(),
        "vision_feature_layer": -2,
        "vision_feature_select_strategy": "default",
    }
    write_json(folder / "config.json", {**config, **changes})
    write_preprocessor(folder)
    return tensors
