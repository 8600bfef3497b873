"""Rotary positions in the form that every transformers reads, and settings of them that look edited."""

import math
from collections.abc import Mapping
from typing import Any

LLAMA_3_1_SCALING: Mapping[str, Any] = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
"""``rope_scaling`` of meta-llama/Llama-3.1-8B-Instruct."""

FACTORS: Mapping[str, tuple[str, ...]] = {
    "default": (),
    "linear": ("factor",),
    "dynamic": ("factor",),
    "yarn": ("factor",),
    "llama3": ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"),
    "longrope": ("short_factor", "long_factor"),
}
"""What each kind of scaling cannot be without (transformers, modeling_rope_utils.py)."""

LLAMA_3_VOCABULARY = 128256
LLAMA_3_THETA = 500000.0
LLAMA_3_POSITIONS = 8192


def plain_rope(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings whose rotary positions stand in ``rope_theta`` and ``rope_scaling``.

    transformers 5 writes ``rope_parameters`` instead; it reads both forms, older versions and other engines one.
    """
    settings = {name: value for name, value in config.items() if name != "rope_parameters"}
    parameters = config.get("rope_parameters")
    if not isinstance(parameters, Mapping):
        return settings
    scaling = {name: value for name, value in parameters.items() if name != "rope_theta"}
    if "rope_theta" in parameters:
        settings["rope_theta"] = parameters["rope_theta"]
    settings["rope_scaling"] = None if scaling_kind(scaling) == "default" else scaling
    return settings


def scaling_kind(scaling: Any) -> str:
    """Return the kind of a ``rope_scaling``: ``default`` without any; older ones call it ``type``."""
    said = scaling if isinstance(scaling, Mapping) else {}
    return str(said.get("rope_type") or said.get("type") or "default")


def wanted_scaling(scaling: Any) -> str:
    """Return what a ``rope_scaling`` should be; empty where it is one that transformers computes."""
    if scaling is None or scaling == {}:
        return ""
    said = scaling if isinstance(scaling, Mapping) else {}
    kind = said.get("rope_type") or said.get("type")
    if not isinstance(kind, str) or kind not in FACTORS:
        return f"null, or settings with a 'rope_type' of {', '.join(FACTORS)}"
    if all(_is_factor(name, said.get(name)) for name in FACTORS[kind]):
        return ""
    return f"numbers for {', '.join(FACTORS[kind])}, as {kind} needs them: above zero, and a factor of 1 or more"


def _is_factor(name: str, value: Any) -> bool:
    """Return whether this is a number above zero, or a list of them."""
    numbers: list[Any] = value if isinstance(value, list) else [value]
    least = 1 if name == "factor" else math.ulp(0.0)
    return bool(numbers) and all(type(each) in (int, float) and least <= each < math.inf for each in numbers)


def strange_rope(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what is strange about settings of `plain_rope`'s form whose sizes are proved.

    transformers before 4.43 refuses the five keys of Llama 3.1, so people took them out of ``config.json``: the weights
    then run with other positions than they were trained with. Where its ``max_position_embeddings`` were lowered to
    Llama 3's, too, nothing is left that tells the two apart: all their shapes are equal.
    """
    kind = scaling_kind(config.get("rope_scaling"))
    num_positions = config.get("max_position_embeddings")
    is_llama_3 = config["vocab_size"] >= LLAMA_3_VOCABULARY and config.get("rope_theta") == LLAMA_3_THETA
    if not is_llama_3 or kind == "llama3" or not isinstance(num_positions, int):
        return ()
    if num_positions > LLAMA_3_POSITIONS:
        how = "without scaling" if kind == "default" else f"with scaling {kind!r}"
        return (f"Llama 3.1 shapes, RoPE {how}: give --rope-scaling llama3 if it was edited out",)
    if num_positions == LLAMA_3_POSITIONS and kind == "default":
        return ("Llama 3 or an edited 3.1: cannot be told apart; --rope-scaling llama3 for 3.1",)
    return ()
