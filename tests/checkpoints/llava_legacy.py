"""Folders as LLaVA's own code writes them: Doctor Sun, Qilin-Med-VL and LLaVA-Med 1.5.

Names and shapes: haotian-liu/LLaVA@c121f04, llava/model/llava_arch.py (``mm_projector``, ``vision_tower`` inside
``vision_tower``), language_model/llava_llama.py; microsoft/LLaVA-Med@821e1c7, language_model/llava_mistral.py.
Settings: config.json of xtuner/llava-llama-3-8b-v1_1-hf (the converter that Doctor Sun names),
williamliu/Qilin-Med-VL and microsoft/llava-med-v1.5-mistral-7b, with small sizes. Quirks kept: a dangling
``mm_vision_tower``; no pad token;
``image_aspect_ratio`` in the configuration; files of the trainer and ``mm_projector.bin`` beside Qilin's shards.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from checkpoints.clip import SMALL, TowerSizes, position_ids, tower_tensors, write_preprocessor
from checkpoints.llama import LLAMA2_CONFIG, LLAMA_CONFIG, llama_shapes, random_tensors
from checkpoints.tokenizer_files import LLAMA2_ROWS, write_llama3_tokenizer, write_sentencepiece
from checkpoints.weight_files import write_file, write_json, write_tensors

OF_LLAVA: Mapping[str, Any] = {
    "image_aspect_ratio": "pad",
    "mm_hidden_size": SMALL.hidden,
    "mm_projector_type": "mlp2x_gelu",
    "mm_use_im_patch_token": False,
    "mm_use_im_start_end": False,
    "mm_vision_select_feature": "patch",
    "mm_vision_select_layer": -2,
    "mm_vision_tower": "openai/clip-vit-large-patch14-336",
    "use_mm_proj": True,
}
DOCTOR_SUN: Mapping[str, Any] = {
    **LLAMA_CONFIG,
    **OF_LLAVA,
    "architectures": ["LlavaLlamaForCausalLM"],
    "eos_token_id": 301,
    "max_position_embeddings": 8192,
    "mm_vision_tower": "./iter_23226_visual_encoder",
    "model_type": "llava_llama",
    "rope_scaling": None,
    "torch_dtype": "float16",
    "transformers_version": "4.37.2",
    "unfreeze_mm_vision_tower": True,
}
QILIN_MED_VL: Mapping[str, Any] = {
    **LLAMA2_CONFIG,
    **OF_LLAVA,
    "_name_or_path": "FlagAlpha/Llama2-Chinese-13b-Chat",
    "architectures": ["LlavaLlamaForCausalLM"],
    "freeze_mm_mlp_adapter": False,
    "model_type": "llava",
    "torch_dtype": "bfloat16",
    "transformers_version": "4.31.0",
    "tune_mm_mlp_adapter": False,
}
LLAVA_MED: Mapping[str, Any] = {
    **{name: LLAMA_CONFIG[name] for name in ("hidden_act", "hidden_size", "initializer_range", "intermediate_size")},
    **OF_LLAVA,
    "architectures": ["LlavaMistralForCausalLM"],
    "attention_dropout": 0.0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "max_position_embeddings": 32768,
    "mm_patch_merge_type": "flat",
    "mm_projector_lr": None,
    "mm_resampler_type": None,
    "model_type": "llava_mistral",
    "num_attention_heads": 6,
    "num_hidden_layers": 2,
    "num_key_value_heads": 3,
    "rms_norm_eps": 1e-05,
    "rope_theta": 1000000.0,
    "sliding_window": None,
    "tie_word_embeddings": False,
    "tokenizer_model_max_length": 2048,
    "tokenizer_padding_side": "right",
    "torch_dtype": "bfloat16",
    "transformers_version": "4.36.2",
    "unfreeze_mm_vision_tower": True,
    "use_cache": True,
    "vocab_size": LLAMA2_ROWS,
}


def projector_shapes(text: int, vision: int = SMALL.hidden) -> dict[str, tuple[int, ...]]:
    """Return the tensors of ``nn.Sequential(Linear, GELU, Linear)``."""
    return {"0.weight": (text, vision), "0.bias": (text,), "2.weight": (text, text), "2.bias": (text,)}


def legacy_shapes(config: Mapping[str, Any], tower: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Return every tensor of a folder, by its published name."""
    vision = tower["vision_model.embeddings.class_embedding"][0]
    projector = projector_shapes(config["hidden_size"], vision)
    return {
        **llama_shapes(config),
        **{f"model.vision_tower.vision_tower.{name}": shape for name, shape in tower.items()},
        **{f"model.mm_projector.{name}": shape for name, shape in projector.items()},
    }


def legacy_tensors(
    config: Mapping[str, Any], *, tower: bool, sizes: TowerSizes = SMALL, seed: int = 5
) -> dict[str, Tensor]:
    """Return a random LLaVA by the published names, with or without its tower."""
    vision = {f"model.vision_tower.vision_tower.{name}": each for name, each in tower_tensors(sizes, seed=seed).items()}
    projector = random_tensors(projector_shapes(config["hidden_size"], sizes.hidden), seed=seed + 1)
    return {
        **random_tensors(llama_shapes(config), seed=seed + 2),
        **(vision if tower else {}),
        **{f"model.mm_projector.{name}": each for name, each in projector.items()},
    }


def write_doctor_sun(folder: Path, *, tower: bool = True, **changes: Any) -> dict[str, Tensor]:
    """Write what convert_xtuner_weights_to_llava.py writes; ``changes`` go into its configuration."""
    config = {**DOCTOR_SUN, **changes}
    tensors = legacy_tensors(config, tower=tower)
    write_tensors(folder, tensors, kind="safetensors", num_shards=3)
    write_json(folder / "config.json", config)
    write_json(folder / "generation_config.json", {"bos_token_id": 300, "eos_token_id": 301})
    write_preprocessor(folder)
    write_llama3_tokenizer(folder)
    return tensors


def write_qilin_med_vl(folder: Path, *, tower: bool = False, **changes: Any) -> dict[str, Tensor]:
    """Write the folder of Qilin-Med-VL with the file list of its repository, and the buffers of its time."""
    config = {**QILIN_MED_VL, **changes}
    tensors = legacy_tensors(config, tower=tower, seed=15)
    buffers = {f"model.layers.{index}.self_attn.rotary_emb.inv_freq": torch.ones(4) for index in range(2)}
    places = {f"model.vision_tower.vision_tower.{name}": each for name, each in position_ids().items()}
    write_tensors(folder, {**tensors, **buffers, **(places if tower else {})}, kind="bin", num_shards=3)
    write_json(folder / "config.json", config)
    write_json(folder / "generation_config.json", {"bos_token_id": 1, "eos_token_id": 2, "max_length": 4096})
    write_json(folder / "trainer_state.json", {"global_step": 1150})
    write_file(folder / "mm_projector.bin", {name: each for name, each in tensors.items() if "mm_projector" in name})
    for name in ("training_args.bin", *(f"rng_state_{rank}.pth" for rank in range(8))):
        (folder / name).write_bytes(b"a pickle of the trainer, which nobody opens")
    (folder / "latest").write_text("global_step1150")
    (folder / "zero_to_fp32.py").write_text("raise SystemExit\n")
    write_sentencepiece(folder)
    return tensors


def write_llava_med(folder: Path, *, tower: bool = True, **changes: Any) -> dict[str, Tensor]:
    """Write the folder of LLaVA-Med 1.5."""
    config = {**LLAVA_MED, **changes}
    tensors = legacy_tensors(config, tower=tower, seed=25)
    write_tensors(folder, tensors, kind="safetensors", num_shards=4)
    write_json(folder / "config.json", config)
    write_json(folder / "generation_config.json", {"bos_token_id": 1, "eos_token_id": 2})
    write_sentencepiece(folder)
    return tensors
