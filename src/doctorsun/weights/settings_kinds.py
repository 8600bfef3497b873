"""Settings of a network that shapes do not prove: what each may be, so that headers alone tell what will be refused."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from doctorsun.errors import WeightsError
from doctorsun.weights.rope import wanted_scaling

ACTIVATIONS = (
    *("gelu", "gelu_10", "gelu_accurate", "gelu_fast", "gelu_new", "gelu_python", "gelu_python_tanh"),
    *("gelu_pytorch_tanh", "hardswish", "laplace", "leaky_relu", "linear", "mish", "quick_gelu", "relu", "relu2"),
    *("relu6", "sigmoid", "silu", "sqrtsoftplus", "swish", "tanh"),
)
"""The activations of transformers (activations.py) that have no tensors of their own."""
ATTENTIONS = ("full_attention", "sliding_attention")
DO = "check that the files belong together, and that nobody edited config.json"


def require_counts(settings: Mapping[str, Any], names: Sequence[str], where: str) -> None:
    """Require that settings are whole numbers above zero where they are said.

    Raises:
        WeightsError: one is not.
    """
    for name in names:
        value = settings.get(name)
        if value is not None and not _is_count(value):
            raise WeightsError(f"{where}: {name}", got=f"{value!r}", expected="a whole number above zero", do=DO)


def require_kinds(settings: Mapping[str, Any], where: str) -> None:
    """Require that every setting is of its kind; those that stand there as null are said, too.

    Args:
        settings: of a language model or a vision tower; rotary positions as `doctorsun.weights.rope.plain_rope` says.
        where: the file or folder, for messages.

    Raises:
        WeightsError: one is not.
    """
    for name, (is_right, expected) in KINDS.items():
        if name in settings and not is_right(settings[name]):
            raise WeightsError(f"{where}: {name}", got=f"{settings[name]!r}", expected=expected, do=DO)
    kinds, num_layers = settings.get("layer_types"), settings.get("num_hidden_layers")
    if kinds is not None and num_layers is not None and len(kinds) != num_layers:
        raise WeightsError(f"{where}: layer_types", got=f"{len(kinds)}", expected=f"{num_layers}, one a layer", do=DO)
    scaling = settings.get("rope_scaling")
    if wanted := wanted_scaling(scaling):
        raise WeightsError(f"{where}: rope_scaling", got=f"{scaling!r}", expected=wanted, do=DO)


def _is_above_zero(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value < math.inf


def _is_small(value: Any) -> bool:
    return isinstance(value, float) and _is_above_zero(value)


def _is_share(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1


def _is_count(value: Any) -> bool:
    return type(value) is int and value > 0


def _is_activation(value: Any) -> bool:
    return isinstance(value, str) and value in ACTIVATIONS


def _are_attentions(value: Any) -> bool:
    return value is None or (isinstance(value, list) and bool(value) and all(each in ATTENTIONS for each in value))


KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "rope_theta": (_is_above_zero, "a number above zero"),
    **dict.fromkeys(("rms_norm_eps", "layer_norm_eps"), (_is_small, "a number above zero, with a point in it")),
    "initializer_range": (lambda value: _is_small(value) and value <= 1, "a number above zero and up to 1.0"),
    "attention_dropout": (lambda value: value is None or _is_share(value), "a number from 0 to 1, or null"),
    "max_position_embeddings": (_is_count, "a whole number above zero"),
    "pretraining_tp": (lambda value: value is None or type(value) is int, "a whole number, or null"),
    "hidden_act": (_is_activation, f"one of {', '.join(ACTIVATIONS)}"),
    "layer_types": (_are_attentions, f"null, or a list of {' and '.join(ATTENTIONS)}"),
    **dict.fromkeys(("attention_bias", "mlp_bias", "use_cache"), (lambda value: type(value) is bool, "true or false")),
}
