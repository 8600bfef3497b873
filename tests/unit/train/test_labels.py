import math
from typing import Any

import numpy as np
import pytest
import torch

from doctorsun.errors import DataError
from doctorsun.model.forward import PackedForward
from doctorsun.model.trainable import set_trainable
from doctorsun.schema import Object, Sample
from doctorsun.storage.store import Store
from doctorsun.train.label_table import Label, LabelTable
from doctorsun.train.labels import PATCH_PRIOR, PATCH_WEIGHT, LabelObjective
from doctorsun.train.loader import Loader, PixelCache
from doctorsun.train.plan import Pool, StagePlan
from doctorsun.train.tally import LossTally
from small_model import facts, image, png, question, small_model, small_processor, write_store

PROCESSOR = small_processor()


NODULE, SIDE_LEFT = Label("nodule", "True"), Label("nodule.side", "left")


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
    return LabelObjective(forward, table, images, pack_tokens=pack_tokens)


@pytest.mark.parametrize(
    ("images", "known", "got"),
    [((), facts(), "0 images and facts"), ((image(png(1)),), "", "1 images and no facts")],
)
def test_a_sample_without_image_or_facts_is_refused(images: tuple[Any, ...], known: str, got: str) -> None:
    with pytest.raises(DataError, match=got):
        objective_of(LabelTable((NODULE,))).item(question("odd", "Nodule?", "Yes.", *images, facts=known))


def test_batches_hold_every_image_once_and_count_known_labels(store: Store) -> None:
    objective = objective_of(LabelTable((NODULE, SIDE_LEFT)), pack_tokens=3 * 16)
    plan = StagePlan([Pool.select("facts", store)], [1.0], batch_samples=8, num_steps=4, seed=1)
    step = Loader(plan, objective, PixelCache(PROCESSOR)).load(0)
    assert [len(batch.pixels) for batch in step.batches] == [3, 3, 2]  # 16 patches each
    assert (step.num_samples, step.num_targets, step.total_tokens) == (8, 8, 8 * 16)


def test_gradients_of_the_batches_add_up(store: Store) -> None:
    plan = StagePlan([Pool.select("facts", store)], [1.0], batch_samples=8, num_steps=4, seed=1)
    gradients: list[dict[str, torch.Tensor]] = []
    for pack_tokens in (4096, 3 * 16):
        objective = objective_of(LabelTable((NODULE,), ("nodule",)), pack_tokens=pack_tokens)
        torch.nn.init.ones_(objective.image_head.weight)
        torch.nn.init.ones_(objective.patch_head.weight)
        step = Loader(plan, objective, PixelCache(PROCESSOR)).load(0)
        for batch in step.batches:
            objective.loss(batch, step_targets=step.num_targets).backward()
        tower = dict(objective.forward.parts.vision_tower.named_parameters())
        gradients.append({name: p.grad for name, p in (tower | objective.parameters).items() if p.grad is not None})
    torch.testing.assert_close(gradients[0], gradients[1])
    assert any("patch_embedding" in name for name in gradients[0])


def boxed(name: str, *boxes: tuple[float, float, float, float], **fields: Any) -> Sample:
    """Return a sample of an image of 32 by 32 pixels, seen as four by four patches, with nodules in boxes."""
    objects = tuple(Object(label="nodule", box_px=box) for box in boxes)
    known = facts(boxes=tuple(range(len(boxes))), **fields)
    return question(name, "Nodule?", "Yes.", image(png(1)), facts=known, objects=objects)


def test_boxes_become_labels_of_patches() -> None:
    item = objective_of(LabelTable((NODULE,), ("nodule",))).item(boxed("one", (8.0, 0.0, 24.0, 8.0)))
    expected = np.zeros((4, 4))
    expected[0, 1:3] = 1
    np.testing.assert_allclose(item.patch_labels, expected.reshape(1, 16))


@pytest.mark.parametrize(("boxes", "fields", "value"), [((), {"present": False}, 0.0), ((), {}, np.nan)])
def test_without_boxes_patches_are_empty_where_the_finding_is_absent_and_else_unknown(
    boxes: tuple[Any, ...], fields: dict[str, Any], value: float
) -> None:
    item = objective_of(LabelTable((NODULE,), ("nodule",))).item(boxed("one", *boxes, **fields))
    np.testing.assert_array_equal(item.patch_labels, np.full((1, 16), value))


def test_images_and_patches_are_both_in_the_loss() -> None:
    objective = objective_of(LabelTable((NODULE,), ("nodule",)))
    item = objective.item(boxed("one", (8.0, 0.0, 24.0, 8.0)))
    batch = objective.batch([item], {item.images[0]: PROCESSOR.pixels(png(1))})
    loss = objective.loss(batch, step_targets=1)
    # Before any step the layers say one half of the image and 5 % of every patch: two of sixteen hold the nodule.
    patches = -2 * math.log(PATCH_PRIOR) - 14 * math.log(1 - PATCH_PRIOR)
    assert loss.item() == pytest.approx(math.log(2) + PATCH_WEIGHT * patches, rel=1e-5)


def test_the_loss_of_each_image_is_told_by_origin() -> None:
    objective = objective_of(LabelTable((NODULE, SIDE_LEFT), ("nodule",)))
    items = [objective.item(boxed("one", (8.0, 0.0, 24.0, 8.0)), origin=1), objective.item(boxed("two", present=False))]
    batch = objective.batch(items, {items[0].images[0]: PROCESSOR.pixels(png(1))})
    tally = LossTally(2, torch.device("cpu"))
    loss = objective.loss(batch, step_targets=batch.num_targets, tally=tally)
    assert tally.losses.sum().item() == pytest.approx(loss.item() * batch.num_targets)
    assert tally.targets.sum().item() == batch.num_targets
    alone = objective.loss(objective.batch(items[:1], {items[0].images[0]: PROCESSOR.pixels(png(1))}), step_targets=1)
    assert tally.losses[1].item() == pytest.approx(alone.item(), rel=1e-5)


def test_without_boxes_in_the_data_no_layer_reads_patches() -> None:
    assert set(objective_of(LabelTable((NODULE,))).parameters) == {"label_head.image.weight", "label_head.image.bias"}
