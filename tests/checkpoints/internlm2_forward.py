"""The forward pass of InternLM2ForCausalLM, written plainly from the published modeling_internlm2.py."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import embedding, linear, silu


@torch.no_grad()
def internlm2_logits(tensors: Mapping[str, Tensor], config: Mapping[str, Any], ids: Tensor) -> Tensor:
    """Return logits ``[tokens, vocabulary]`` of one sequence that is shorter than where dynamic scaling begins."""
    hidden = embedding(ids, tensors["model.tok_embeddings.weight"])
    for index in range(config["num_hidden_layers"]):
        layer = {
            name.removeprefix(f"model.layers.{index}."): each
            for name, each in tensors.items()
            if name.startswith(f"model.layers.{index}.")
        }
        hidden = hidden + _attention(layer, config, _norm(hidden, layer["attention_norm.weight"], config))
        wide = _norm(hidden, layer["ffn_norm.weight"], config)
        gated = silu(linear(wide, layer["feed_forward.w1.weight"])) * linear(wide, layer["feed_forward.w3.weight"])
        hidden = hidden + linear(gated, layer["feed_forward.w2.weight"])
    return linear(_norm(hidden, tensors["model.norm.weight"], config), tensors["output.weight"])


def _norm(hidden: Tensor, weight: Tensor, config: Mapping[str, Any]) -> Tensor:
    variance = hidden.pow(2).mean(-1, keepdim=True)
    return weight * (hidden * torch.rsqrt(variance + config["rms_norm_eps"]))


def _attention(layer: Mapping[str, Tensor], config: Mapping[str, Any], hidden: Tensor) -> Tensor:
    """Attend; of each key-value head ``wqkv`` gives the queries that share it, its key and its value."""
    num_heads, num_groups = config["num_attention_heads"], config["num_key_value_heads"]
    per_group, head = num_heads // num_groups, config["hidden_size"] // num_heads
    fused = linear(hidden, layer["attention.wqkv.weight"], layer.get("attention.wqkv.bias"))
    fused = fused.view(len(hidden), num_groups, per_group + 2, head)
    queries = fused[:, :, :per_group].reshape(len(hidden), num_heads, head).transpose(0, 1)
    keys, values = fused[:, :, -2].transpose(0, 1), fused[:, :, -1].transpose(0, 1)
    queries, keys = _turned(queries, config), _turned(keys, config)
    keys, values = (side.repeat_interleave(per_group, dim=0) for side in (keys, values))
    scores = queries @ keys.transpose(1, 2) / math.sqrt(head)
    later = torch.full(scores.shape[1:], float("-inf")).triu(1)
    mixed = ((scores + later).softmax(-1) @ values).transpose(0, 1).flatten(1)
    return linear(mixed, layer["attention.wo.weight"], layer.get("attention.wo.bias"))


def _turned(states: Tensor, config: Mapping[str, Any]) -> Tensor:
    """Turn ``[heads, tokens, head]`` by the positions of the tokens."""
    head = states.shape[-1]
    frequencies = config["rope_theta"] ** -(torch.arange(0, head, 2) / head)
    angles = torch.outer(torch.arange(states.shape[1]).float(), frequencies).repeat(1, 2)
    half = torch.cat((-states[..., head // 2 :], states[..., : head // 2]), dim=-1)
    return states * angles.cos() + half * angles.sin()
