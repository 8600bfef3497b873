import json
from typing import Any

import numpy as np
import pytest
import torch

from doctorsun.errors import DataError, RecipeError
from doctorsun.model.forward import PackedForward
from doctorsun.model.trainable import set_trainable
from doctorsun.storage.store import Store
from doctorsun.train.labels import STRONGEST_SHARE, Label, LabelObjective, LabelTable
from doctorsun.train.loader import Loader, PixelCache
from doctorsun.train.plan import Pool, StagePlan
from small_model import image, png, question, small_model, small_processor, write_store

PROCESSOR = small_processor()


def facts(*, side: str = "", present: bool = True, name: str = "nodule", **others: Any) -> str:
    finding = {"name": name, "present": present, "side": side, "zone": "", "size_class": "", "count": 0}
    return json.dumps({"modality": "chest_xray", "findings": [finding], **others})


KNOWN = (
    facts(side="left"),
    facts(side="right", attributes={"laterality": "left"}),
    facts(present=False, attributes={"laterality": "right"}),
    facts(side="bilateral", name="effusion"),
)
NODULE, SIDE_LEFT, SIDE_RIGHT = Label("nodule", "True"), Label("nodule.side", "left"), Label("nodule.side", "right")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Eight images, every second with a nodule."""
    rows = [
        question(f"{number}", "Nodule?", "Yes.", image(png(number)), facts=facts(present=number % 2 == 0))
        for number in range(8)
    ]
    return write_store(tmp_path_factory.mktemp("stores") / "facts", rows)


def objective_of(table: LabelTable, *, pack_tokens: int = 4096, seed: int = 3) -> LabelObjective:
    model = small_model(seed)
    set_trainable(model, ("vision",))
    images = PROCESSOR.images
    forward = PackedForward(model, image_mean=images.mean, image_std=images.std)
    return LabelObjective(forward, table, pack_tokens=pack_tokens)


def test_labels_are_the_values_that_vary() -> None:
    table = LabelTable.of([*KNOWN, facts(side="left", modality="brain_mr")])
    # What is always so (effusion, and its side) teaches nothing; of two values one label says all.
    assert table.labels == (
        Label("laterality", "right"),
        Label("modality", "chest_xray"),
        NODULE,
        SIDE_RIGHT,
    )


def test_a_question_with_three_values_has_three_labels() -> None:
    table = LabelTable.of([facts(side=side) for side in ("left", "right", "bilateral")])
    assert table.labels == (Label("nodule.side", "bilateral"), SIDE_LEFT, SIDE_RIGHT)


def test_what_facts_do_not_tell_is_unknown() -> None:
    table = LabelTable((NODULE, SIDE_LEFT, Label("effusion", "True")))
    encoded = np.stack([table.encode(facts(side="left")), table.encode(facts(side="right"))])
    np.testing.assert_array_equal(encoded, [[1, 1, np.nan], [1, 0, np.nan]])
    # The side of a finding that is absent is no fact.
    np.testing.assert_array_equal(table.encode(facts(side="left", present=False)), [0, np.nan, np.nan])


@pytest.mark.parametrize("texts", [[], [""], [facts(), facts()]])
def test_facts_that_are_all_alike_are_refused(texts: list[str]) -> None:
    with pytest.raises(RecipeError, match="finds nothing to learn"):
        LabelTable.of(texts)


@pytest.mark.parametrize(
    ("images", "known", "got"),
    [((), facts(), "0 images and facts"), ((image(png(1)),), "", "1 images and no facts")],
)
def test_a_sample_without_image_or_facts_is_refused(images: tuple[Any, ...], known: str, got: str) -> None:
    with pytest.raises(DataError, match=got):
        objective_of(LabelTable((NODULE,))).item(question("odd", "Nodule?", "Yes.", *images, facts=known))


def test_batches_hold_every_image_once_and_count_known_labels(store: Store) -> None:
    objective = objective_of(LabelTable((NODULE, SIDE_LEFT)), pack_tokens=3 * 16)
    plan = StagePlan([Pool.select("facts", store)], [1.0], batch_samples=8, seed=1)
    step = Loader(plan, objective, PixelCache(PROCESSOR)).load(0)
    assert [len(batch.pixels) for batch in step.batches] == [3, 3, 2]  # 16 patches each
    assert (step.num_samples, step.num_targets, step.total_tokens) == (8, 8, 8 * 16)


def test_gradients_of_the_batches_add_up(store: Store) -> None:
    plan = StagePlan([Pool.select("facts", store)], [1.0], batch_samples=8, seed=1)
    gradients: list[dict[str, torch.Tensor]] = []
    for pack_tokens in (4096, 3 * 16):
        objective = objective_of(LabelTable((NODULE,)), pack_tokens=pack_tokens)
        torch.nn.init.ones_(objective.heads["strongest"].weight)
        step = Loader(plan, objective, PixelCache(PROCESSOR)).load(0)
        for batch in step.batches:
            objective.loss(batch, step_targets=step.num_targets, progress=0.0).backward()
        tower = dict(objective.forward.parts.vision_tower.named_parameters())
        gradients.append({name: p.grad for name, p in (tower | objective.parameters).items() if p.grad is not None})
    torch.testing.assert_close(gradients[0], gradients[1])
    assert any("patch_embedding" in name for name in gradients[0])


@pytest.mark.parametrize(("progress", "read"), [(0.0, "strongest"), (STRONGEST_SHARE, "mean"), (1.0, "mean")])
def test_the_stage_reads_the_strongest_patch_first_and_then_the_mean(progress: float, read: str) -> None:
    objective = objective_of(LabelTable((NODULE,)))
    item = objective.item(question("one", "Nodule?", "Yes.", image(png(1)), facts=facts()))
    (batch,) = objective.batches([item], {item.images[0]: PROCESSOR.pixels(png(1))})
    objective.loss(batch, step_targets=1, progress=progress).backward()
    assert {name for name, p in objective.parameters.items() if p.grad is not None} == {
        f"label_head.{read}.weight",
        f"label_head.{read}.bias",
    }
