"""CLIP as published: openai/clip-vit-large-patch14-336, and what transformers writes of CLIPVisionModel and CLIPModel.

Names and shapes: huggingface/transformers@v4.37.2 and v5.6.0, src/transformers/models/clip/modeling_clip.py. Quirks
kept: ``pre_layrnorm`` (sic); ``position_ids`` among the tensors until 4.30; no ``vision_model.`` in a lone tower from
5.6 on, but in a whole CLIP.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from checkpoints.llama import random_tensors
from checkpoints.weight_files import Kind, write_json, write_tensors

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True, slots=True, kw_only=True)
class TowerSizes:
    """Sizes of a tower; the small ones differ pairwise and its heads are not what a silent configuration means."""

    hidden: int = 24
    wide: int = 40
    layers: int = 3
    heads: int = 4
    patch: int = 7
    image: int = 28

    @property
    def places(self) -> int:
        """Patches and the class token."""
        return (self.image // self.patch) ** 2 + 1


SMALL = TowerSizes()
CLIP_L_336 = TowerSizes(hidden=1024, wide=4096, layers=24, heads=16, patch=14, image=336)


def tower_shapes(sizes: TowerSizes = SMALL) -> dict[str, tuple[int, ...]]:
    """Return every tensor of CLIPVisionModel before transformers 5.6."""
    hidden, wide = sizes.hidden, sizes.wide
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.class_embedding": (hidden,),
        "embeddings.patch_embedding.weight": (hidden, 3, sizes.patch, sizes.patch),
        "embeddings.position_embedding.weight": (sizes.places, hidden),
        "pre_layrnorm.weight": (hidden,),
        "pre_layrnorm.bias": (hidden,),
    }
    for index in range(sizes.layers):
        layer = f"encoder.layers.{index}"
        for side in ("k_proj", "v_proj", "q_proj", "out_proj"):
            shapes[f"{layer}.self_attn.{side}.weight"] = (hidden, hidden)
            shapes[f"{layer}.self_attn.{side}.bias"] = (hidden,)
        shapes |= {f"{layer}.layer_norm1.weight": (hidden,), f"{layer}.layer_norm1.bias": (hidden,)}
        shapes |= {f"{layer}.mlp.fc1.weight": (wide, hidden), f"{layer}.mlp.fc1.bias": (wide,)}
        shapes |= {f"{layer}.mlp.fc2.weight": (hidden, wide), f"{layer}.mlp.fc2.bias": (hidden,)}
        shapes |= {f"{layer}.layer_norm2.weight": (hidden,), f"{layer}.layer_norm2.bias": (hidden,)}
    shapes |= {"post_layernorm.weight": (hidden,), "post_layernorm.bias": (hidden,)}
    return {f"vision_model.{name}": shape for name, shape in shapes.items()}


def tower_tensors(sizes: TowerSizes = SMALL, *, seed: int = 1) -> dict[str, Tensor]:
    """Return a random tower by the names of transformers 4."""
    return random_tensors(tower_shapes(sizes), seed=seed)


def position_ids(sizes: TowerSizes = SMALL) -> dict[str, Tensor]:
    """Return the buffer that transformers kept in files until 4.30."""
    return {"vision_model.embeddings.position_ids": torch.arange(sizes.places)[None]}


def tower_config(sizes: TowerSizes = SMALL) -> dict[str, Any]:
    """Return the settings of CLIPVisionConfig."""
    return {
        "attention_dropout": 0.0,
        "hidden_act": "quick_gelu",
        "hidden_size": sizes.hidden,
        "image_size": sizes.image,
        "initializer_factor": 1.0,
        "initializer_range": 0.02,
        "intermediate_size": sizes.wide,
        "layer_norm_eps": 1e-05,
        "model_type": "clip_vision_model",
        "num_attention_heads": sizes.heads,
        "num_channels": 3,
        "num_hidden_layers": sizes.layers,
        "patch_size": sizes.patch,
        "projection_dim": 20,
    }


def write_tower(
    folder: Path, *, seed: int = 1, old_names: bool = True, kind: Kind = "bin", config: Mapping[str, Any] | None = None
) -> dict[str, Tensor]:
    """Write a CLIPVisionModel as xtuner's ``merge --is-clip`` and transformers do; return its tensors by old names."""
    tensors = tower_tensors(seed=seed)
    named = tensors if old_names else {name.removeprefix("vision_model."): each for name, each in tensors.items()}
    write_tensors(folder, named, kind=kind)
    settings = {"architectures": ["CLIPVisionModel"], "torch_dtype": "float32", **tower_config(), **(config or {})}
    write_json(folder / "config.json", settings)
    write_preprocessor(folder)
    return tensors


def write_whole_clip(folder: Path, *, seed: int = 1) -> dict[str, Tensor]:
    """Write a CLIPModel as OpenAI's folders are, with the buffers of their time; return its tower."""
    tower = tower_tensors(seed=seed)
    text = {
        "text_model.embeddings.token_embedding.weight": (50, 16),
        "text_model.embeddings.position_embedding.weight": (77, 16),
        "text_model.final_layer_norm.weight": (16,),
        "text_model.final_layer_norm.bias": (16,),
        "text_projection.weight": (20, 16),
        "visual_projection.weight": (20, SMALL.hidden),
    }
    buffers = position_ids() | {"text_model.embeddings.position_ids": torch.arange(77)[None]}
    logit_scale = {"logit_scale": torch.tensor(4.6052)}
    write_tensors(folder, logit_scale | tower | random_tensors(text, seed=seed + 1) | buffers, kind="bin")
    vision = tower_config()
    text_config = {"hidden_size": 16, "model_type": "clip_text_model", "num_attention_heads": 2}
    write_json(
        folder / "config.json",
        {
            "architectures": ["CLIPModel"],
            "logit_scale_init_value": 2.6592,
            "model_type": "clip",
            "projection_dim": 20,
            "text_config": text_config,
            "vision_config": vision,
        },
    )
    write_preprocessor(folder)
    return tower


def write_preprocessor(folder: Path, *, size: int = SMALL.image, do_pad: bool | None = None) -> None:
    """Write the settings of CLIPImageProcessor; with ``do_pad`` those of LlavaImageProcessor."""
    settings: dict[str, Any] = {
        "crop_size": {"height": size, "width": size},
        "do_center_crop": True,
        "do_convert_rgb": True,
        "do_normalize": True,
        "do_resize": True,
        "image_mean": list(MEAN),
        "image_processor_type": "CLIPImageProcessor",
        "image_std": list(STD),
        "resample": 3,
        "size": {"shortest_edge": size},
    }
    if do_pad is not None:
        settings |= {"do_pad": do_pad, "image_processor_type": "LlavaImageProcessor"}
    write_json(folder / "preprocessor_config.json", settings)
