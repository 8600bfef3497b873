"""What a stage trains and holds: against the network itself, and against sizes that are counted by hand."""

from dataclasses import replace
from typing import Any

import pytest

from doctorsun.config import StageSection
from doctorsun.errors import RecipeError
from doctorsun.model.build import build_model, llava_config
from doctorsun.model.flops import TrainingFlops
from doctorsun.model.parts import PARTS, parameters_of
from doctorsun.model.presets import PRESETS
from doctorsun.model.trainable import set_trainable
from doctorsun.train.few_blocks import of_all_blocks
from doctorsun.train.survey import BYTES_BF16, BYTES_FP32, survey
from small_model import small_processor

PROCESSOR = small_processor()
SIZES = replace(PRESETS["micro"], vision_layers=5, num_layers=7)
CONFIG = llava_config(SIZES, PROCESSOR)
ALL = {"vision": "full", "projector": "full", "language": "full"}


def stage_of(trainable: dict[str, Any], **settings: Any) -> StageSection:
    given = {"trainable": trainable, "mixture": [{"source": "made"}], "steps": 1, "batch_samples": 3, "lr": 0.1}
    return StageSection.model_validate(given | settings)


@pytest.mark.parametrize(
    "trainable",
    [
        {"projector": "full"},
        ALL,
        {"vision": {"lora": {"r": 4, "alpha": 8}}, "language": "full"},
        {"language": {"lora": {"r": 4, "alpha": 8, "modules": ["layers.3.self_attn.q_proj"]}}},
    ],
)
def test_few_blocks_tell_what_all_have(trainable: dict[str, Any]) -> None:
    stage = stage_of(trainable)
    paper = survey(CONFIG, stage, bf16=False)
    model = build_model(SIZES, PROCESSOR, seed=1)
    published = {part: sum(p.numel() for p in parameters_of(model, part)) for part in PARTS}
    learning = set_trainable(model, stage.trainable, stage.adapters)
    for part, each in paper.parts.items():
        assert each.parameters == published[part]
        assert each.trained == sum(p.numel() for p in learning.get(part, {}).values())
        assert each.weights_bytes == sum(p.nbytes for p in parameters_of(model, part))
        assert each.gradients_bytes == BYTES_FP32 * each.trained
        assert each.optimizer_bytes == 2 * BYTES_FP32 * each.trained
    whole = TrainingFlops.of(model)
    assert paper.flops.token == pytest.approx(whole.token)
    assert paper.flops.image == pytest.approx(whole.image)
    forward = TrainingFlops.of(model.requires_grad_(False))
    assert paper.forward.token == pytest.approx(forward.token)
    assert paper.forward.target == pytest.approx(forward.target)
    assert paper.forward.token < paper.flops.token or "language" not in stage.trainable


def test_what_is_frozen_is_held_in_half_under_bf16() -> None:
    paper = survey(CONFIG, stage_of({"language": "full"}), bf16=True)
    assert paper.parts["projector"].weights_bytes == BYTES_BF16 * paper.parts["projector"].parameters
    assert paper.parts["language"].weights_bytes == BYTES_FP32 * paper.parts["language"].parameters


def test_embedding_and_norms_stay_in_32_bits_where_they_are_frozen() -> None:
    language = survey(CONFIG, stage_of({"projector": "full"}), bf16=True).parts["language"]
    text: Any = CONFIG.text_config
    whole = text.hidden_size * (text.vocab_size + 2 * SIZES.num_layers + 1)
    assert language.weights_bytes == BYTES_FP32 * whole + BYTES_BF16 * (language.parameters - whole)


def test_states_in_bf16_take_half_and_muon_one_number() -> None:
    whole = survey(CONFIG, stage_of({"language": "full"}), bf16=False).parts["language"].optimizer_bytes
    half = survey(CONFIG, stage_of({"language": "full"}, optimizer_states="bf16"), bf16=False).parts["language"]
    muon = survey(CONFIG, stage_of({"language": {"optimizer": "muon"}}), bf16=False).parts["language"]
    assert half.optimizer_bytes == whole // 2
    assert whole // 2 < muon.optimizer_bytes < whole  # embedding, head and norms are AdamW's


def test_the_largest_group_is_a_layer_or_the_table_of_tokens() -> None:
    model = build_model(SIZES, PROCESSOR, seed=1)
    layer = sum(p.numel() for p in model.model.language_model.layers[0].parameters())
    assert survey(CONFIG, stage_of(ALL), bf16=False).group_numbers == max(layer, model.lm_head.weight.numel())


def test_adapters_without_a_layer_are_refused() -> None:
    stage = stage_of({"language": {"lora": {"r": 4, "alpha": 8, "modules": ["nothing"]}}})
    with pytest.raises(RecipeError, match="nothing"):
        survey(CONFIG, stage, bf16=False)


def test_only_parts_that_matter_are_looked_at_again() -> None:
    looked_at: list[tuple[int, int]] = []

    def facts(config: Any) -> dict[str, float]:
        looked_at.append((config.vision_config.num_hidden_layers, config.text_config.num_hidden_layers))
        return {"blocks": float(config.text_config.num_hidden_layers)}

    stage = stage_of({"projector": "full"})
    assert of_all_blocks(facts, CONFIG, stage, grow_with=("language",)) == {"blocks": 7}
    assert looked_at == [(3, 2), (3, 3)]
