import pytest
import torch
from transformers import LlavaForConditionalGeneration

from doctorsun.model.build import build_model, llava_config, sized_config
from doctorsun.model.presets import PRESETS
from small_model import MICRO, small_model, small_processor


def num_parameters(preset: str, vocab_size: int) -> int:
    with torch.device("meta"):
        model = LlavaForConditionalGeneration(sized_config(PRESETS[preset], vocab_size))
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS.keys())
def test_sizes_suit_matrix_units(preset: object) -> None:
    for size in (preset.hidden_size, preset.vision_hidden_size, preset.intermediate_size):
        assert size % 64 == 0
    assert preset.hidden_size // preset.num_heads in {32, 64, 128}
    assert preset.vision_hidden_size // preset.vision_heads in {32, 64, 128}
    assert preset.num_heads % preset.num_key_value_heads == 0
    assert preset.image_size % preset.patch_size == 0


def test_the_tiny_preset_has_a_few_million_parameters() -> None:
    assert 1e6 < num_parameters("tiny", 3000) < 10e6


def test_the_8b_preset_is_llama_3_1_8b_under_clip_large() -> None:
    """8,030,261,248 + about 304 million of CLIP ViT-L/14-336 + the projector's 21 million."""
    assert 8.3e9 < num_parameters("doctor-sun-8b", 128_256) < 8.4e9


def test_the_8b_preset_stretches_positions_as_llama_3_1_does() -> None:
    rope = sized_config(PRESETS["doctor-sun-8b"], 128_256).text_config.rope_parameters
    assert (rope["rope_type"], rope["factor"], rope["original_max_position_embeddings"]) == ("llama3", 8.0, 8192)
    assert PRESETS["doctor-sun-8b"].num_visual_tokens == 576


def test_the_network_depends_on_the_seed_alone() -> None:
    torch.manual_seed(5)
    first = small_model(seed=1).lm_head.weight
    torch.rand(3)
    assert torch.equal(first, small_model(seed=1).lm_head.weight)
    assert not torch.equal(first, small_model(seed=2).lm_head.weight)


def test_building_leaves_the_random_state_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    small_model()
    assert torch.equal(torch.rand(2), expected)


def test_the_configuration_knows_the_special_tokens() -> None:
    processor = small_processor()
    config = llava_config(MICRO, processor)
    assert config.image_token_id == processor.image_token_id
    assert config.text_config.eos_token_id == processor.token_id("<|eot_id|>")
    assert config.text_config.vocab_size % 64 == 0
    assert config.image_seq_length == processor.num_visual_tokens
    model = build_model(MICRO, processor, seed=0)
    assert model.generation_config.eos_token_id == list(processor.stop_ids)
