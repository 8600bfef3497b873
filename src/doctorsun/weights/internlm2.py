"""InternLM2 and InternLM2.5 as the Llama that they are: other names, and queries, keys and values in one matrix.

Source: modeling_internlm2.py of internlm/internlm2_5-7b-chat (InternLM2Attention, InternLM2MLP); the same numbers come
out of the Llama, biases included (arXiv 2403.17297, section 2.2: the rows of ``wqkv`` lie by key-value head).
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from doctorsun.errors import WeightsError
from doctorsun.weights.lazy import LazyTensor, LazyTensors
from doctorsun.weights.settings_kinds import require_counts
from doctorsun.weights.tensors.tensor_files import TensorHeader

if TYPE_CHECKING:
    from torch import Tensor

MODEL_TYPE = "internlm2"

NAMES: Mapping[str, str] = {
    "model.tok_embeddings": "model.embed_tokens",
    "output": "lm_head",
    "attention.wo": "self_attn.o_proj",
    "attention_norm": "input_layernorm",
    "feed_forward.w1": "mlp.gate_proj",
    "feed_forward.w2": "mlp.down_proj",
    "feed_forward.w3": "mlp.up_proj",
    "ffn_norm": "post_attention_layernorm",
}
"""InternLM2's modules and Llama's; inside a layer they stand behind ``model.layers.N.``."""

MODULE = re.compile(r"(model\.layers\.\d+\.)?(.+)\.(weight|bias)")
FUSED = "attention.wqkv"

SILENT: Mapping[str, int] = {"hidden_size": 4096, "num_attention_heads": 32}
"""What InternLM2Config takes by default; transformers leaves such settings out of a configuration inside another."""

# Settings that are Llama's under another name, or that only the published code reads.
OWN_SETTINGS = frozenset({"bias", "auto_map", "attn_implementation", "architectures", "model_type", "pretraining_tp"})


def llama_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of LlamaConfig for those of InternLM2Config; the code that they name is never run."""
    settings = {name: value for name, value in config.items() if name not in OWN_SETTINGS}
    return {**settings, "model_type": "llama", "attention_bias": bool(config.get("bias", True))}


def llama_tensors(tensors: LazyTensors, config: Mapping[str, Any], *, where: str) -> dict[str, LazyTensor]:
    """Return the tensors of an InternLM2 by LlamaForCausalLM's names; others keep theirs.

    Args:
        tensors: by InternLM2ForCausalLM's names.
        config: of InternLM2Config.
        where: the file or folder, for messages.

    Raises:
        WeightsError: a number of heads is none, or a fused matrix does not have the rows of the heads.
    """
    sizes = {**SILENT, **{name: value for name, value in config.items() if value is not None}}
    require_counts(sizes, ("hidden_size", "num_attention_heads", "num_key_value_heads"), where)
    llama: dict[str, LazyTensor] = {}
    for name, tensor in tensors.items():
        match = MODULE.fullmatch(name)
        layer, module, kind = match.groups(default="") if match else ("", name, "")
        if module == FUSED:
            sides = _split(tensor, sizes, f"{where}: {name}")
            llama |= {f"{layer}self_attn.{side}_proj.{kind}": rows for side, rows in sides.items()}
        elif module in NAMES:
            llama[f"{layer}{NAMES[module]}.{kind}"] = tensor
        else:
            llama[name] = tensor
    return llama


def _split(tensor: LazyTensor, sizes: Mapping[str, Any], where: str) -> dict[str, LazyTensor]:
    """Split ``[groups * (queries + 2) * head, ...]``: each key-value head lies behind the queries that share it."""
    num_heads = sizes["num_attention_heads"]
    num_groups = sizes.get("num_key_value_heads") or num_heads
    head, per_group = sizes["hidden_size"] // num_heads, num_heads // num_groups
    rest = tensor.header.shape[1:]
    expected = num_groups * (per_group + 2) * head
    if tensor.header.shape[0] != expected or num_heads % num_groups:
        raise WeightsError(
            where,
            got=f"{tensor.header.shape[0]} rows",
            expected=f"{expected} for {num_heads} heads of queries and {num_groups} of keys and values",
            do="check that the files belong together, and that nobody edited config.json",
        )
    places = {"q": slice(per_group), "k": slice(per_group, per_group + 1), "v": slice(per_group + 1, None)}

    def rows_of(side: str) -> LazyTensor:
        def take(fused: "Tensor") -> "Tensor":
            groups = fused.view(num_groups, per_group + 2, head, *rest)
            return groups[:, places[side]].reshape(-1, *rest).contiguous()

        num_rows = num_groups * head * (per_group if side == "q" else 1)
        return tensor.map(take, TensorHeader(tensor.header.dtype, (num_rows, *rest)))

    return {side: rows_of(side) for side in places}
