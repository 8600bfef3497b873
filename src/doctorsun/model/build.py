"""Build the stock network of a preset: transformers' LlavaForConditionalGeneration."""

from typing import Any, cast

import torch
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

from doctorsun.model.presets import ModelPreset
from doctorsun.model.vision_start import start_vision_tower
from doctorsun.processor.processor import Processor
from doctorsun.processor.tokenizer import BOS, EOS_TURN, PAD

# Vocabulary sizes that are multiples of 64 keep the matrix products of the head aligned on every device.
VOCAB_MULTIPLE = 64


def llava_config(preset: ModelPreset, processor: Processor) -> LlavaConfig:
    """Describe the network of a preset for a tokenizer."""
    config = sized_config(preset, processor.tokenizer.get_vocab_size(with_added_tokens=True))
    config.image_token_id = processor.image_token_id
    text = cast("LlamaConfig", config.text_config)
    text.bos_token_id, text.eos_token_id = processor.token_id(BOS), processor.token_id(EOS_TURN)
    text.pad_token_id = processor.token_id(PAD)
    return config


def sized_config(preset: ModelPreset, vocab_size: int) -> LlavaConfig:
    """Describe the network of a preset for a number of tokens; the ids of special tokens are left open."""
    vision = CLIPVisionConfig(
        hidden_size=preset.vision_hidden_size,
        intermediate_size=preset.vision_intermediate_size,
        num_hidden_layers=preset.vision_layers,
        num_attention_heads=preset.vision_heads,
        image_size=preset.image_size,
        patch_size=preset.patch_size,
        projection_dim=preset.vision_hidden_size,
        initializer_range=preset.initializer_range,
    )
    text = LlamaConfig(
        vocab_size=-(-vocab_size // VOCAB_MULTIPLE) * VOCAB_MULTIPLE,
        hidden_size=preset.hidden_size,
        intermediate_size=preset.intermediate_size,
        num_hidden_layers=preset.num_layers,
        num_attention_heads=preset.num_heads,
        num_key_value_heads=preset.num_key_value_heads,
        head_dim=preset.hidden_size // preset.num_heads,
        max_position_embeddings=preset.max_positions,
        rope_parameters=_rope(preset),
        rms_norm_eps=1e-5,
        initializer_range=preset.initializer_range,
    )
    return LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_seq_length=preset.num_visual_tokens,
        architectures=["LlavaForConditionalGeneration"],
    )


def build_model(preset: ModelPreset, processor: Processor, *, seed: int) -> LlavaForConditionalGeneration:
    """Build a network with random weights that depend on the seed alone, its eye with a sound start."""
    generator_state = torch.random.get_rng_state()
    torch.manual_seed(seed)
    model = LlavaForConditionalGeneration(llava_config(preset, processor))
    start_vision_tower(model.model.vision_tower)
    torch.random.set_rng_state(generator_state)
    model.generation_config.eos_token_id = list(processor.stop_ids)
    model.generation_config.pad_token_id = processor.token_id(PAD)
    return model


def _rope(preset: ModelPreset) -> dict[str, Any]:
    if preset.rope_scaling == 1.0:
        return {"rope_type": "default", "rope_theta": preset.rope_theta}
    return {
        "rope_type": "llama3",
        "rope_theta": preset.rope_theta,
        "factor": preset.rope_scaling,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
