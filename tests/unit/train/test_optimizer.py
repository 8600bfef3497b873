import pytest
import torch

from doctorsun.config import StageSection
from doctorsun.model.trainable import set_trainable
from doctorsun.train.optimizer import build_optimizer, set_learning_rate
from small_model import small_model

STAGE = StageSection.model_validate(
    {
        "trainable": {"projector": {"lr": 0.5}, "language": {"weight_decay": 0.2}},
        "mixture": [{"source": "x"}],
        "steps": 10,
        "batch_samples": 1,
        "lr": 0.1,
        "weight_decay": 0.3,
        "beta2": 0.9,
        "schedule": "linear",
        "warmup_share": 0.0,
    }
)


def optimizer() -> tuple[torch.optim.Optimizer, dict[int, str]]:
    model = small_model()
    parts = set_trainable(model, STAGE.trainable)
    names = {id(p): name for named in parts.values() for name, p in named.items()}
    return build_optimizer(STAGE, parts), names


def test_every_part_has_its_own_rate_and_decay() -> None:
    made, names = optimizer()
    found = {names[id(p)]: (group["lr"], group["weight_decay"]) for group in made.param_groups for p in group["params"]}
    assert found["model.multi_modal_projector.linear_1.weight"] == (0.5, 0.3)
    assert found["model.multi_modal_projector.linear_1.bias"] == (0.5, 0.0)
    assert found["model.language_model.layers.0.mlp.up_proj.weight"] == (0.1, 0.2)
    assert found["model.language_model.norm.weight"] == (0.1, 0.0)
    assert found["model.language_model.embed_tokens.weight"] == (0.1, 0.0)
    assert sorted(found) == sorted(names.values())


def test_the_rates_of_all_parts_fall_together() -> None:
    made, _ = optimizer()
    assert set_learning_rate(made, STAGE, 5) == pytest.approx(0.25)
    assert {round(group["lr"], 6) for group in made.param_groups} == {0.25, 0.05}
    assert {group["betas"] for group in made.param_groups} == {(0.9, 0.9)}
