"""Sizes of published parts, by the names that recipes give them."""

import pytest

from doctorsun.config.model import ModelSection
from doctorsun.recipes.published_sizes import (
    CLIP_L_336,
    INTERNLM_2_5_7B,
    LLAMA_2_13B,
    LLAMA_3_1_8B,
    Sizes,
    published_sizes,
)

TOWER = "hf:openai/clip-vit-large-patch14-336"


@pytest.mark.parametrize(
    ("language", "sizes"),
    [
        ("hf:meta-llama/Llama-3.1-8B", LLAMA_3_1_8B),
        ("hf:meta-llama/Meta-Llama-3.1-8B-Instruct", LLAMA_3_1_8B),
        ("hf:FlagAlpha/Llama2-Chinese-13b-Chat", LLAMA_2_13B),
        ("hf:meta-llama/Llama-2-13b-chat-hf", LLAMA_2_13B),
        ("ms:Shanghai_AI_Laboratory/internlm2_5-7b-chat", INTERNLM_2_5_7B),
    ],
)
def test_parts_are_known_by_their_names(language: str, sizes: Sizes) -> None:
    assert published_sizes(ModelSection(vision=TOWER, language=language)) == (CLIP_L_336, sizes)


@pytest.mark.parametrize(
    ("vision", "language"),
    [
        (TOWER, "hf:o/another-8b"),
        ("hf:o/another-tower", "hf:meta-llama/Llama-3.1-8B"),
        (TOWER, "weights/Llama-3.1-8B"),
    ],
)
def test_others_are_not_guessed(vision: str, language: str) -> None:
    assert published_sizes(ModelSection(vision=vision, language=language)) is None


def test_a_preset_names_no_parts() -> None:
    assert published_sizes(ModelSection(preset="tiny")) is None
