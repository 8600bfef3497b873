"""Settings of a CLIP vision tower: sizes are measured on its tensors, the rest is said by a configuration.

Shapes do not tell the number of heads, the activation and the small number of the layer norms.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from doctorsun.errors import WeightsError
from doctorsun.weights.lazy import LazyTensors
from doctorsun.weights.settings_kinds import require_kinds

CLIP_L_336: Mapping[str, Any] = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_channels": 3,
    "patch_size": 14,
    "image_size": 336,
    "num_attention_heads": 16,
    "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-5,
    "projection_dim": 768,
}
"""openai/clip-vit-large-patch14-336: the tower of LLaVA-1.5, Doctor Sun, Qilin-Med-VL, LLaVA-Med 1.5 and GMAI-VL."""

UNSAID: Mapping[str, Any] = {
    "num_attention_heads": 12,
    "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-5,
    "projection_dim": 512,
}
"""What CLIPVisionConfig takes where a configuration is silent; transformers leaves such settings out of nested ones."""

MEASURED = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_channels", "patch_size", "image_size")
LAYER = re.compile(r"vision_model\.encoder\.layers\.(\d+)\.")
EMBEDDINGS = "vision_model.embeddings"
OPTION = "--vision-config FILE (the config.json of the tower)"


def vision_settings(
    tensors: LazyTensors, *, where: str, config: Mapping[str, Any] | None, given: Mapping[str, Any] | None
) -> tuple[dict[str, Any], WeightsError | None]:
    """Return the settings of CLIPVisionConfig for a tower; the sizes alone, and why, where its heads are not told.

    Args:
        tensors: of the whole tower, by the names of CLIPVisionModel before transformers 5.
        where: the file or folder, for messages.
        config: settings that stand beside the tensors; None where nothing does.
        given: settings that the user names.

    Raises:
        WeightsError: a tensor is missing, strange or of the wrong shape; or a configuration stands against the shapes
            or against the other.
    """
    sizes = measured_sizes(tensors, where)
    unmeasured = _unmeasured(sizes, where, config=config, given=given)
    require_kinds(unmeasured or {}, where)
    fault = _unsaid_heads(sizes, where) if unmeasured is None else _wrong_heads(sizes, unmeasured, where)
    return (sizes, fault) if fault else ({"model_type": "clip_vision_model", **(unmeasured or {}), **sizes}, None)


def measured_sizes(tensors: LazyTensors, where: str) -> dict[str, int]:
    """Return the sizes of a tower, proved on the shape of every tensor; ``image_size`` and ``patch_size`` in pixels.

    Raises:
        WeightsError: a tensor is missing, strange or of the wrong shape.
    """
    patches = _shape(tensors, f"{EMBEDDINGS}.patch_embedding.weight", 4, where)
    places = _shape(tensors, f"{EMBEDDINGS}.position_embedding.weight", 2, where)
    wide = _shape(tensors, "vision_model.encoder.layers.0.mlp.fc1.weight", 2, where)
    sizes = {
        "hidden_size": patches[0],
        "intermediate_size": wide[0],
        "num_hidden_layers": len({match[1] for name in tensors if (match := LAYER.match(name))}),
        "num_channels": patches[1],
        "patch_size": patches[2],
        "image_size": patches[2] * math.isqrt(places[0] - 1),
    }
    expected = expected_shapes(sizes)
    for name in sorted({*expected, *tensors}):
        got = tensors[name].header.shape if name in tensors else None
        if got != expected.get(name):
            raise WeightsError(
                f"{where}: {name}",
                got="no such tensor" if got is None else f"shape {list(got)}",
                expected=f"shape {list(expected[name])}" if name in expected else "the tensors of a CLIP vision tower",
                do="check that the files are whole and belong to one CLIP vision tower",
            )
    return sizes


def expected_shapes(sizes: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """Return name and shape of every tensor of a CLIP vision tower (transformers, models/clip/modeling_clip.py)."""
    hidden, wide, patch = sizes["hidden_size"], sizes["intermediate_size"], sizes["patch_size"]
    num_places = (sizes["image_size"] // patch) ** 2 + 1
    shapes: dict[str, tuple[int, ...]] = {
        f"{EMBEDDINGS}.class_embedding": (hidden,),
        f"{EMBEDDINGS}.patch_embedding.weight": (hidden, sizes["num_channels"], patch, patch),
        f"{EMBEDDINGS}.position_embedding.weight": (num_places, hidden),
    }
    in_layer: dict[str, tuple[int, ...]] = {
        **{f"self_attn.{side}_proj.weight": (hidden, hidden) for side in "qkv"},
        "self_attn.out_proj.weight": (hidden, hidden),
        **dict.fromkeys(("layer_norm1.weight", "layer_norm2.weight"), (hidden,)),
        "mlp.fc1.weight": (wide, hidden),
        "mlp.fc2.weight": (hidden, wide),
    }
    norms = dict.fromkeys(("pre_layrnorm.weight", "post_layernorm.weight"), (hidden,))
    layers = [f"encoder.layers.{index}" for index in range(sizes["num_hidden_layers"])]
    weights = norms | {f"{layer}.{name}": shape for layer in layers for name, shape in in_layer.items()}
    for name, shape in weights.items():
        shapes[f"vision_model.{name}"] = shape
        shapes[f"vision_model.{name.removesuffix('weight')}bias"] = shape[:1]
    return shapes


def _unmeasured(
    sizes: Mapping[str, int], where: str, *, config: Mapping[str, Any] | None, given: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Return what shapes do not tell; None where nobody says it, and the shapes are not those of CLIP-L."""
    given = given.get("vision_config", given) if given is not None else None
    _require_agreement(given or {}, sizes, "--vision-config", "the shapes of the tensors")
    if config is not None:
        _require_agreement(config, sizes, f"{where}: config.json", "the shapes of the tensors")
        said = {name: config[name] for name in UNSAID if name in config}
        _require_agreement(given or {}, said, "--vision-config", f"{where}: config.json")
        return {**UNSAID, **{name: value for name, value in (given or {}).items() if name in UNSAID}, **said}
    if given is not None:
        if "num_attention_heads" not in given:
            raise WeightsError(
                "--vision-config",
                got="no num_attention_heads",
                expected="the number of heads of the tower",
                do=f"give {OPTION}",
            )
        return {name: given.get(name, default) for name, default in UNSAID.items()}
    is_clip_l = all(sizes[name] == CLIP_L_336[name] for name in MEASURED)
    return {name: CLIP_L_336[name] for name in UNSAID} if is_clip_l else None


def _unsaid_heads(sizes: Mapping[str, int], where: str) -> WeightsError:
    return WeightsError(
        f"{where}: the vision tower",
        got=", ".join(f"{name} {size}" for name, size in sizes.items()) + ", and nobody says how many heads",
        expected="a configuration, or exactly the shapes of CLIP-L/14-336",
        do=f"give {OPTION}",
    )


def _require_agreement(said: Mapping[str, Any], known: Mapping[str, Any], speaker: str, witness: str) -> None:
    for name, value in known.items():
        if name in said and said[name] != value:
            raise WeightsError(
                f"{speaker}: {name}",
                got=f"{said[name]!r}",
                expected=f"{value!r} ({witness})",
                do="give the configuration of this very tower",
            )


def _wrong_heads(sizes: Mapping[str, int], unmeasured: Mapping[str, Any], where: str) -> WeightsError | None:
    heads, hidden = unmeasured["num_attention_heads"], sizes["hidden_size"]
    if isinstance(heads, int) and heads > 0 and hidden % heads == 0:
        return None
    return WeightsError(
        f"{where}: num_attention_heads",
        got=f"{heads!r}",
        expected=f"a divisor of the hidden size {hidden}",
        do=f"give {OPTION}",
    )


def _shape(tensors: LazyTensors, name: str, rank: int, where: str) -> tuple[int, ...]:
    shape = tensors[name].header.shape if name in tensors else None
    if shape is None or len(shape) != rank or not all(shape):
        raise WeightsError(
            f"{where}: {name}",
            got="no such tensor" if shape is None else f"shape {list(shape)}",
            expected=f"a tensor of {rank} dimensions",
            do="check that the files are whole and belong to one CLIP vision tower",
        )
    return shape
