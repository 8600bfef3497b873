"""Settings of a Llama, Mistral or Qwen2: sizes are measured on its tensors and must agree with its configuration."""

import re
from collections.abc import Mapping
from typing import Any

from doctorsun.errors import WeightsError
from doctorsun.weights.lazy import LazyTensors
from doctorsun.weights.rope import plain_rope
from doctorsun.weights.settings_kinds import DO, require_counts, require_kinds

LANGUAGE_MODELS = ("llama", "mistral", "qwen2")
"""Model types that transformers' LLaVA holds and that share the names of LlamaForCausalLM."""

NUM_HEADS = 32
"""What the three configuration classes take where a configuration is silent."""

SETTINGS = frozenset(
    {
        *("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"),
        *("num_key_value_heads", "head_dim", "hidden_act", "max_position_embeddings", "rms_norm_eps"),
        *("rope_theta", "rope_scaling", "attention_bias", "mlp_bias", "attention_dropout", "initializer_range"),
        *("sliding_window", "use_sliding_window", "max_window_layers", "layer_types"),
        *("bos_token_id", "eos_token_id", "pad_token_id", "tie_word_embeddings"),
        *("pretraining_tp", "use_cache", "torch_dtype", "dtype"),
    }
)
"""The settings of LlamaConfig, MistralConfig and Qwen2Config, old and new."""

LAYER = re.compile(r"model\.layers\.(\d+)\.")
FIRST_LAYER = "model.layers.0"


def language_config(
    tensors: LazyTensors, *, where: str, config: Mapping[str, Any], given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the settings of a language model, proved on the shape of every tensor.

    Args:
        tensors: of the whole model, by LlamaForCausalLM's names; without ``lm_head.weight`` it must be tied.
        where: the file or folder, for messages.
        config: its settings, ``model_type`` included; what else stands there is left out.
        given: settings of the user's, which stand against those.

    Raises:
        WeightsError: the model type is another, its weights are quantised, a tensor is missing, strange or of the wrong
            shape, or a setting stands against the shapes.
    """
    _require_known(config, where)
    settings = {name: value for name, value in plain_rope(config).items() if name in SETTINGS}
    settings |= plain_rope(given or {})
    if settings.get("num_attention_heads") is None:
        settings["num_attention_heads"] = NUM_HEADS
    sizes = _measured(tensors, where)
    for name, size in sizes.items():
        if settings.setdefault(name, size) != size:
            raise WeightsError(
                f"{where}: {name}", got=f"{settings[name]!r}", expected=f"{size}, as the shapes say", do=DO
            )
    require_kinds(settings, where)
    settings = {"model_type": config["model_type"], **settings}
    expected = _expected_shapes(settings, _heads(tensors, settings, where))
    for name in sorted({*expected, *tensors}):
        got = tensors[name].header.shape if name in tensors else None
        if got != expected.get(name):
            raise WeightsError(
                f"{where}: {name}",
                got="no such tensor" if got is None else f"shape {list(got)}",
                expected=f"shape {list(expected[name])}" if name in expected else f"the tensors of {_of(settings)}",
                do=DO,
            )
    return settings


def _require_known(config: Mapping[str, Any], where: str) -> None:
    if config.get("model_type") not in LANGUAGE_MODELS:
        raise WeightsError(
            f"{where}: the language model",
            got=f"model_type {config.get('model_type')!r}",
            expected=", ".join(LANGUAGE_MODELS),
            do="name weights of such a model; transformers' LLaVA would hold others, this project does not",
        )
    if config.get("quantization_config"):
        raise WeightsError(
            f"{where}: the language model",
            got="quantised weights",
            expected="floating-point weights",
            do="name the weights that it was quantised from",
        )


def _measured(tensors: LazyTensors, where: str) -> dict[str, int]:
    words = _matrix(tensors, "model.embed_tokens.weight", where)
    wide = _matrix(tensors, f"{FIRST_LAYER}.mlp.gate_proj.weight", where)
    num_layers = len({match[1] for name in tensors if (match := LAYER.match(name))})
    return {
        "vocab_size": words[0],
        "hidden_size": words[1],
        "intermediate_size": wide[0],
        "num_hidden_layers": num_layers,
    }


def _heads(tensors: LazyTensors, settings: dict[str, Any], where: str) -> tuple[int, int]:
    """Return the rows of queries and of keys, after proving them on the numbers of heads."""
    require_counts(settings, ("num_attention_heads", "num_key_value_heads", "head_dim"), where)
    num_heads = settings["num_attention_heads"]
    head_size = settings.get("head_dim") or settings["hidden_size"] // num_heads
    queries, keys = (_matrix(tensors, f"{FIRST_LAYER}.self_attn.{side}_proj.weight", where)[0] for side in "qk")
    num_keys = settings.get("num_key_value_heads") or keys // max(head_size, 1)
    settings["num_key_value_heads"] = num_keys
    if (queries, keys) != (num_heads * head_size, num_keys * head_size):
        raise WeightsError(
            f"{where}: the heads of the language model",
            got=f"{num_heads} of queries and {num_keys} of keys, each of {head_size}",
            expected=f"{queries} and {keys} rows in all, as the shapes say",
            do=DO,
        )
    return queries, keys


def _expected_shapes(settings: Mapping[str, Any], rows: tuple[int, int]) -> dict[str, tuple[int, ...]]:
    hidden, wide, vocab = settings["hidden_size"], settings["intermediate_size"], settings["vocab_size"]
    queries, keys = rows
    is_qwen = settings["model_type"] == "qwen2"
    weights: dict[str, tuple[int, ...]] = {
        "self_attn.q_proj": (queries, hidden),
        "self_attn.k_proj": (keys, hidden),
        "self_attn.v_proj": (keys, hidden),
        "self_attn.o_proj": (hidden, queries),
        **dict.fromkeys(("mlp.gate_proj", "mlp.up_proj"), (wide, hidden)),
        "mlp.down_proj": (hidden, wide),
        **dict.fromkeys(("input_layernorm", "post_attention_layernorm"), (hidden,)),
    }
    in_layer = {f"{name}.weight": shape for name, shape in weights.items()}
    for name, shape in weights.items():
        has_bias = {
            "self_attn": settings.get("attention_bias") or (is_qwen and not name.endswith("o_proj")),
            "mlp": settings.get("mlp_bias"),
        }
        if has_bias.get(name.partition(".")[0]):
            in_layer[f"{name}.bias"] = shape[:1]
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (vocab, hidden), "model.norm.weight": (hidden,)}
    if not settings.get("tie_word_embeddings"):
        shapes["lm_head.weight"] = (vocab, hidden)
    for index in range(settings["num_hidden_layers"]):
        shapes |= {f"model.layers.{index}.{name}": shape for name, shape in in_layer.items()}
    return shapes


def _matrix(tensors: LazyTensors, name: str, where: str) -> tuple[int, int]:
    shape = tensors[name].header.shape if name in tensors else ()
    if len(shape) != 2 or not all(shape):  # noqa: PLR2004 (a matrix)
        raise WeightsError(
            f"{where}: {name}",
            got=f"shape {list(shape)}" if name in tensors else "no such tensor",
            expected="a matrix",
            do=DO,
        )
    return shape[0], shape[1]


def _of(settings: Mapping[str, Any]) -> str:
    return f"a {settings['model_type']} of {settings['num_hidden_layers']} layers"
