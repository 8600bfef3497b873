"""transformers' LLaVA as its versions write it, and as people save its state themselves.

Names: huggingface/transformers v4.37 (models/llava/modeling_llava.py), v4.52 (the parts move into ``model``) and v5.6
(the tower loses its ``vision_model``). Settings: config.json of llava-hf/llava-1.5-7b-hf, and what
``save_pretrained`` of transformers 5 writes.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from checkpoints.clip import SMALL, tower_config, tower_tensors, write_preprocessor
from checkpoints.llama import LLAMA_CONFIG, llama_shapes, random_tensors
from checkpoints.tokenizer_files import write_llama3_tokenizer
from checkpoints.weight_files import write_json, write_tensors

Names = Literal["4.37", "5.6", "in memory 4.52", "in memory 5.6"]
RENAMED: Mapping[Names, tuple[tuple[str, str], ...]] = {
    "4.37": (),
    "5.6": ((r"^vision_tower\.vision_model\.", "vision_tower."),),
    "in memory 4.52": (
        (r"^language_model\.model\.", "model.language_model."),
        (r"^language_model\.lm_head\.", "lm_head."),
        (r"^(vision_tower|multi_modal_projector)\.", r"model.\1."),
    ),
    "in memory 5.6": (
        (r"^language_model\.model\.", "model.language_model."),
        (r"^language_model\.lm_head\.", "lm_head."),
        (r"^vision_tower\.vision_model\.", "model.vision_tower."),
        (r"^multi_modal_projector\.", "model.multi_modal_projector."),
    ),
}


def old_config() -> dict[str, Any]:
    """Return the settings of transformers 4.37."""
    text = {name: value for name, value in LLAMA_CONFIG.items() if name != "torch_dtype"}
    return {
        "architectures": ["LlavaForConditionalGeneration"],
        "ignore_index": -100,
        "image_token_index": 305,
        "model_type": "llava",
        "pad_token_id": 306,
        "projector_hidden_act": "gelu",
        "text_config": {**text, "rope_scaling": None},
        "tie_word_embeddings": False,
        "torch_dtype": "float32",
        "transformers_version": "4.37.0",
        "vision_config": tower_config(),
        "vision_feature_layer": -2,
        "vision_feature_select_strategy": "default",
        "vocab_size": 305,
    }


def new_config() -> dict[str, Any]:
    """Return the settings of transformers 5.23: ``rope_parameters``, ``dtype``, ``image_seq_length``."""
    old = old_config()
    text = {name: value for name, value in old["text_config"].items() if name not in {"rope_theta", "rope_scaling"}}
    dropped = {"ignore_index", "torch_dtype", "vocab_size", "pad_token_id"}
    return {
        **{name: value for name, value in old.items() if name not in dropped},
        "dtype": "float32",
        "image_seq_length": SMALL.places - 1,
        "multimodal_projector_bias": True,
        "text_config": {**text, "rope_parameters": {"rope_theta": 500000.0, "rope_type": "default"}},
        "transformers_version": "5.23.0",
    }


def stock_tensors(config: Mapping[str, Any] = LLAMA_CONFIG, *, seed: int = 45) -> dict[str, Tensor]:
    """Return a random LLaVA by the names on disk of transformers 4.37."""
    hidden = config["hidden_size"]
    layers = {"linear_1.weight": (hidden, SMALL.hidden), "linear_1.bias": (hidden,)}
    layers |= {"linear_2.weight": (hidden, hidden), "linear_2.bias": (hidden,)}
    language = random_tensors(llama_shapes(config), seed=seed + 2)
    return {
        **{f"vision_tower.{name}": each for name, each in tower_tensors(seed=seed).items()},
        **{f"multi_modal_projector.{name}": each for name, each in random_tensors(layers, seed=seed + 1).items()},
        **{f"language_model.{name}": each for name, each in language.items()},
    }


def renamed(name: str, names: Names) -> str:
    """Return the name that a version gives to a tensor of transformers 4.37."""
    for pattern, new in RENAMED[names]:
        name = re.sub(pattern, new, name)
    return name


def write_llava_hf(folder: Path, *, names: Names = "4.37", **changes: Any) -> dict[str, Tensor]:
    """Write a folder and return its tensors by the names of 4.37; ``changes`` go into its configuration."""
    tensors = stock_tensors()
    named = {renamed(name, names): each for name, each in tensors.items()}
    write_tensors(folder, named, kind="safetensors", num_shards=2)
    write_json(folder / "config.json", {**(old_config() if names == "4.37" else new_config()), **changes})
    write_json(folder / "generation_config.json", {"bos_token_id": 300, "eos_token_id": [301, 304]})
    write_preprocessor(folder)
    write_llama3_tokenizer(folder)
    return tensors
