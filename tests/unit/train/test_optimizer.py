import pytest
import torch

from doctorsun.config import LoraSection, PartSection, StageSection
from doctorsun.model.trainable import set_trainable
from doctorsun.train.optimizer import PartsOptimizer, set_learning_rate
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


def optimizer() -> tuple[PartsOptimizer, dict[int, str]]:
    model = small_model()
    parts = set_trainable(model, STAGE.trainable)
    names = {id(p): name for named in parts.values() for name, p in named.items()}
    return PartsOptimizer(STAGE, parts), names


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
    assert set_learning_rate(made, STAGE, 5, 10) == pytest.approx(0.25)
    assert {round(group["lr"], 6) for group in made.param_groups} == {0.25, 0.05}
    assert {group["betas"] for group in made.param_groups} == {(0.9, 0.9)}


def test_muon_takes_hidden_matrices_and_leaves_embeddings_heads_and_vectors() -> None:
    stage = STAGE.model_copy(update={"trainable": {"language": PartSection(optimizer="muon"), "projector": "full"}})
    parts = set_trainable(small_model(), stage.trainable)
    made = PartsOptimizer(stage, parts)
    of_muon = {id(p) for group in made.param_groups if "ns_steps" in group for p in group["params"]}
    names = [name for named in parts.values() for name, p in named.items() if id(p) in of_muon]
    assert "model.language_model.layers.0.mlp.up_proj.weight" in names
    assert len(names) == 2 * 7  # of each layer: query, key, value, output, gate, up, down
    assert {group["weight_decay"] for group in made.param_groups if "ns_steps" in group} == {0.3}


def test_muon_may_have_a_rate_of_its_own() -> None:
    section = PartSection(optimizer="muon", muon_lr=0.7)
    stage = STAGE.model_copy(update={"trainable": {"language": section}})
    made = PartsOptimizer(stage, set_trainable(small_model(), stage.trainable))
    assert {("ns_steps" in group, group["lr"]) for group in made.param_groups} == {(True, 0.7), (False, 0.1)}


def test_a_step_moves_what_each_optimizer_holds() -> None:
    stage = STAGE.model_copy(update={"trainable": {"language": PartSection(optimizer="muon")}})
    parts = set_trainable(small_model(), stage.trainable)["language"]
    made = PartsOptimizer(stage, {"language": parts})
    before = {name: p.detach().clone() for name, p in parts.items()}
    for p in parts.values():
        p.grad = torch.ones_like(p)
    made.step()
    assert not [name for name, p in parts.items() if torch.equal(p, before[name])]
    kept = {name: made.state_of(p).keys() for name, p in parts.items()}
    assert kept["model.language_model.layers.0.mlp.up_proj.weight"] == {"momentum_buffer"}
    assert kept["lm_head.weight"] == {"step", "exp_avg", "exp_avg_sq"}
    made.zero_grad()
    assert all(p.grad is None for p in parts.values())


def test_adapters_have_their_parts_rate_and_decay_and_are_not_for_muon() -> None:
    section = PartSection(optimizer="muon", lr=0.5, weight_decay=0.2, lora=LoraSection(r=2, alpha=2))
    stage = STAGE.model_copy(update={"trainable": {"vision": section, "projector": "full"}})
    parts = set_trainable(small_model(), stage.trainable, stage.adapters)
    factors = {id(p) for p in parts["vision"].values()}
    groups = [group for group in PartsOptimizer(stage, parts).param_groups if id(group["params"][0]) in factors]
    assert [(group["lr"], group["weight_decay"], "betas" in group) for group in groups] == [(0.5, 0.2, True)]
    assert {id(p) for group in groups for p in group["params"]} == factors


def test_moments_in_bf16_are_kept_and_put_back_as_such() -> None:
    stage = STAGE.model_copy(update={"optimizer_states": "bf16"})
    parts = set_trainable(small_model(), stage.trainable)
    made = PartsOptimizer(stage, parts)
    (parameter, *_) = parts["projector"].values()
    parameter.grad = torch.ones_like(parameter)
    made.step()
    kept = made.state_of(parameter)
    assert {name: tensor.dtype for name, tensor in kept.items()} == {
        "step": torch.float32,
        "exp_avg": torch.bfloat16,
        "exp_avg_sq": torch.bfloat16,
    }
    made.set_state(parameter, kept)
    made.step()
    assert int(made.state_of(parameter)["step"]) == 2
    assert {group["betas"] for group in made.param_groups} == {(0.9, 0.9)}
