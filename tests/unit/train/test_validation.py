from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch

from doctorsun.config import ValidationSection
from doctorsun.errors import DataError
from doctorsun.model.forward import PackedForward
from doctorsun.storage.store import Store
from doctorsun.train.plan import StagePlan
from doctorsun.train.replies import ReplyObjective
from doctorsun.train.validation import Validation, validation_plan
from doctorsun.train.world import World
from small_model import assistant, image, question, sample, small_model, small_processor, user, write_store

PROCESSOR = small_processor()


def section(**settings: Any) -> ValidationSection:
    return ValidationSection.model_validate({"source": "made", "every_steps": 2} | settings)


IMAGES = PROCESSOR.images
FORWARD = PackedForward(small_model().train(), image_mean=IMAGES.mean, image_std=IMAGES.std)


def validation_of(plan: StagePlan) -> Validation:
    objective = ReplyObjective(FORWARD, PROCESSOR, max_length=128, pack_tokens=512)
    return Validation(section(), plan, objective, FORWARD, PROCESSOR, world=World(), autocast=nullcontext)


def rows_of(plan: StagePlan) -> list[int]:
    return sorted(ref.row for step in range(plan.num_steps) for ref in plan.step(step))


def test_the_samples_are_so_many_and_always_the_same(images_store: Store) -> None:
    chosen = [rows_of(validation_plan(section(samples=8), images_store, seed=seed)) for seed in (1, 1, 2)]
    assert len(set(chosen[0])) == 8
    assert chosen[0] == chosen[1] != chosen[2]


def test_a_small_split_is_taken_whole_and_each_sample_once(images_store: Store) -> None:
    assert rows_of(validation_plan(section(samples=256), images_store, seed=1)) == list(range(20))


@pytest.mark.parametrize(("wanted", "taken"), [(128, 128), (130, 129)])
def test_many_samples_are_loaded_in_parts(tmp_path: Path, wanted: int, taken: int) -> None:
    store = write_store(tmp_path / "store", [sample(f"{n}", assistant("Text.")) for n in range(150)])
    plan = validation_plan(section(samples=wanted), store, seed=1)
    assert plan.batch_samples <= 64
    assert len(set(rows_of(plan))) == taken == plan.num_samples


def test_the_loss_is_the_mean_over_all_reply_tokens_told_apart_by_language(images_store: Store) -> None:
    validation = validation_of(validation_plan(section(), images_store, seed=1))
    facts = validation.measure()
    losses: dict[str, list[float]] = {"en": [], "zh": []}
    for row in range(20):
        plan = validation_plan(section(samples=1), write_one(images_store, row), seed=1)
        alone = validation_of(plan).measure()
        (language,) = alone["loss_by_language"]
        losses[language] += [alone["loss"]] * int(PROCESSOR.render(images_store[row]).supervised.sum())
    every = losses["en"] + losses["zh"]
    assert facts["loss"] == pytest.approx(sum(every) / len(every), rel=1e-5)
    assert facts["loss_by_source"] == {"made": pytest.approx(facts["loss"])}
    for language, values in losses.items():
        assert facts["loss_by_language"][language] == pytest.approx(sum(values) / len(values), rel=1e-5)
    assert (facts["samples"], facts["left_out"]) == (20, 0)


def write_one(store: Store, row: int) -> Store:
    folder = store.folder.parent / f"one-{row}"
    return Store(folder) if folder.exists() else write_store(folder, [store[row]])


def test_the_network_is_left_as_it_was_and_no_graph_is_kept(images_store: Store) -> None:
    validation = validation_of(validation_plan(section(), images_store, seed=1))
    model = validation.forward.model
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state = torch.get_rng_state()
    assert validation.measure()["loss"] == validation.measure()["loss"]
    assert model.training
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(state, torch.get_rng_state())


def test_what_cannot_be_used_is_counted(damaged_store: Store) -> None:
    facts = validation_of(validation_plan(section(), damaged_store, seed=1)).measure()
    assert (facts["samples"], facts["left_out"]) == (9, 1)


def test_a_set_without_usable_samples_says_why(tmp_path: Path) -> None:
    store = write_store(
        tmp_path / "store", [sample("mute", user("Why?")), question("b", "?", "No.", image(b"damaged"))]
    )
    expected = r"the validation source 'made': got none of 2 samples that can be used, the first: .*; name another"
    with pytest.raises(DataError, match=expected):
        validation_of(validation_plan(section(), store, seed=1)).measure()
