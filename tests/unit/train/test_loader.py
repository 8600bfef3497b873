from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import LlavaForConditionalGeneration

from doctorsun.model.forward import PackedForward
from doctorsun.model.parts import PARTS
from doctorsun.model.trainable import set_trainable
from doctorsun.schema import Image, Sample, image_part
from doctorsun.storage.store import Store
from doctorsun.train.loader import Loader, PixelCache, Quarantined
from doctorsun.train.loss import supervised_loss
from doctorsun.train.plan import Pool, StagePlan
from doctorsun.train.replies import ReplyObjective
from small_model import assistant, image, png, question, sample, small_model, small_processor, user, write_store

PROCESSOR = small_processor()


def forward_of(model: LlavaForConditionalGeneration) -> PackedForward:
    return PackedForward(model, image_mean=PROCESSOR.images.mean, image_std=PROCESSOR.images.std)


FORWARD = forward_of(small_model())


def loader_of(store: Store, *, batch_samples: int = 5, max_length: int = 512, pack_tokens: int = 4096) -> Loader:
    plan = StagePlan([Pool.select("made", store)], [1.0], batch_samples=batch_samples, num_steps=4, seed=1)
    objective = ReplyObjective(FORWARD, PROCESSOR, max_length=max_length, pack_tokens=pack_tokens)
    return Loader(plan, objective, PixelCache(PROCESSOR))


def loader_over(folder: Path, samples: Sequence[Sample], **settings: int) -> Loader:
    return loader_of(write_store(folder / "store", samples), batch_samples=len(samples), **settings)


def gradients(store: Store, pack_tokens: int) -> dict[str, Tensor]:
    model = small_model()
    set_trainable(model, PARTS)
    forward = forward_of(model)
    batch = loader_of(store, batch_samples=10, pack_tokens=pack_tokens).load(0)
    for pack in batch.batches:
        supervised_loss(forward.losses(pack), batch.num_targets).backward()
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def test_a_step_holds_its_samples_and_counts_their_tokens(images_store: Store) -> None:
    batch = loader_of(images_store).load(0)
    assert (batch.num_samples, batch.quarantined) == (5, ())
    assert batch.num_targets == sum(len(pack.targets) for pack in batch.batches) > 0
    assert batch.total_tokens == sum(len(pack.ids) for pack in batch.batches)
    assert sum(len(pack.pixels) for pack in batch.batches) == 2  # four questions of one image, one of another


def test_steps_come_in_order_from_any_step_on(images_store: Store) -> None:
    loader = loader_of(images_store)
    wanted = [[pack.ids.tolist() for pack in loader.load(step).batches] for step in range(6)]
    assert [[pack.ids.tolist() for pack in batch.batches] for batch in loader.steps(0, 6)] == wanted
    assert [[pack.ids.tolist() for pack in batch.batches] for batch in loader.steps(4, 6)] == wanted[4:]
    assert list(loader.steps(6, 6)) == []


def test_steps_may_be_left_early(images_store: Store) -> None:
    steps = loader_of(images_store).steps(0, 50)
    assert next(steps).num_samples == 5
    steps.close()


def test_the_gradient_does_not_depend_on_how_a_step_is_packed(images_store: Store) -> None:
    whole, parts = gradients(images_store, 8192), gradients(images_store, 256)
    assert whole.keys() == parts.keys()
    for name, grad in whole.items():
        torch.testing.assert_close(grad, parts[name], atol=1e-6, rtol=1e-4)


def test_small_packs_are_several(images_store: Store) -> None:
    assert len(loader_of(images_store, batch_samples=10, pack_tokens=256).load(0).batches) > 1


def test_a_damaged_image_is_left_out_before_the_loss_is_normalised(damaged_store: Store) -> None:
    loader = loader_of(damaged_store, batch_samples=10)
    batch = loader.load(0)
    (quarantined,) = batch.quarantined
    assert quarantined.sample == "sample-3"
    assert quarantined.reason.startswith("not a picture that can be read")
    assert batch.num_samples == 9
    one_reply = int(PROCESSOR.render(damaged_store[0]).supervised.sum())
    assert batch.num_targets == 9 * one_reply


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (sample("bad", user("Why?")), "sample bad: got no reply, expected an assistant turn; drop the sample"),
        (
            question("bad", "?", "No.", Image(bytes=None, sha256="0" * 64, width=8, height=8)),
            "image 0 of sample bad: got a reference without bytes, expected the image itself; make the store again",
        ),
        (sample("bad", user(image_part(), "?"), assistant("No.")), "sample bad: got 1 image places and 0 images"),
    ],
)
def test_what_cannot_be_used_is_left_out_with_its_reason(tmp_path: Path, broken: Sample, reason: str) -> None:
    batch = loader_over(tmp_path, [broken, question("good", "?", "No.")], max_length=64).load(0)
    assert batch.num_samples == 1
    (quarantined,) = batch.quarantined
    assert quarantined.sample == "bad"
    assert quarantined.reason.startswith(reason)


def test_long_samples_are_counted_and_are_no_damage(tmp_path: Path) -> None:
    turns = [user("Why?"), assistant("No nodule.")]
    asked = [
        question("short", "?", "No."),
        question("long", "Long? " * 20, "No."),
        sample("talk", *turns, user("Long? " * 20), assistant("No.")),
    ]
    batch = loader_over(tmp_path, asked, max_length=64).load(0)
    assert (batch.num_samples, batch.num_shortened, batch.num_too_long, batch.quarantined) == (2, 1, 1, ())


def test_what_an_earlier_process_could_not_use_is_left_out_unseen(images_store: Store) -> None:
    loader = loader_of(images_store)
    known = Quarantined(loader.plan.step(0)[2], "image-2", "the disk did not answer")
    loader.leave_out([known])
    batch = loader.load(0)
    assert (batch.num_samples, batch.quarantined) == (4, (known,))


def test_a_sample_that_could_not_be_used_is_not_tried_again(tmp_path: Path) -> None:
    store = write_store(tmp_path / "store", [question(str(n), "?", "No.", image(png(n))) for n in range(4)])
    loader = loader_of(store, batch_samples=4)
    shard = tmp_path / "store/shards/00000.parquet"
    whole, offset = shard.read_bytes(), shard.read_bytes().index(png(2)) + 60
    shard.write_bytes(whole[:offset] + b"!!!!" + whole[offset + 4 :])
    first = loader.load(0)
    assert {each.sample for each in first.quarantined} == {"0", "1", "2", "3"}  # of one row group
    assert all(f"shard {shard} is damaged" in each.reason for each in first.quarantined)
    shard.write_bytes(whole)
    assert set(loader.load(1).quarantined) == set(first.quarantined)


def test_a_sample_whose_words_are_damaged_is_named_by_its_row(tmp_path: Path) -> None:
    store = write_store(tmp_path / "store", [question(f"id-{n}", "?", "No.") for n in range(3)])
    loader = loader_of(store, batch_samples=3)
    (tmp_path / "store/shards/00000.parquet").unlink()
    batch = loader.load(0)
    assert {each.sample for each in batch.quarantined} == {"made, row 0", "made, row 1", "made, row 2"}
    assert batch.num_samples == 0


def test_a_step_of_unusable_samples_has_no_pack(tmp_path: Path) -> None:
    batch = loader_over(tmp_path, [sample("bad", user("Why?"))]).load(0)
    assert (batch.batches, batch.num_samples, batch.num_targets) == ((), 0, 0)


def test_the_oldest_pixels_are_forgotten_first() -> None:
    cache = PixelCache(PROCESSOR, capacity_bytes=2 * 3 * 32 * 32)
    shown = [question(str(number), "?", "No.", image(png(number))) for number in range(3)]
    first = [cache.get(each)[each.images[0].sha256] for each in shown]
    assert cache.get(shown[2])[shown[2].images[0].sha256] is first[2]
    assert cache.get(shown[0])[shown[0].images[0].sha256] is not first[0]
    assert cache.get(shown[1])[shown[1].images[0].sha256] is not first[1]


def test_stages_that_share_pixels_decode_an_image_once(images_store: Store) -> None:
    cache = PixelCache(PROCESSOR)
    plan = StagePlan([Pool.select("made", images_store)], [1.0], batch_samples=20, num_steps=4, seed=1)
    objective = ReplyObjective(FORWARD, PROCESSOR, max_length=512, pack_tokens=4096)
    Loader(plan, objective, cache).load(0)
    names = images_store[0].images[0].sha256, images_store[19].images[0].sha256
    kept = cache.find(names)
    assert kept is not None
    Loader(plan, objective, cache).load(0)
    again = cache.find(names)
    assert again is not None
    assert all(again[name] is kept[name] for name in names)


def test_every_target_says_which_source_and_language_it_is_of(images_store: Store) -> None:
    loader = loader_of(images_store, batch_samples=20)
    (pack,) = loader.load(0).batches
    counted = {origin.language: int((pack.origins == i).sum()) for i, origin in enumerate(loader.plan.origins)}
    expected = {"en": 0, "zh": 0}
    for each in images_store:
        expected[each.language] += int(PROCESSOR.render(each).supervised.sum())
    assert counted == expected
