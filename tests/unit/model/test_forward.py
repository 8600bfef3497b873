from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from transformers import LlavaForConditionalGeneration

from doctorsun.errors import WeightsError
from doctorsun.model.forward import PackedBatch, PackedForward
from doctorsun.model.parts import PARTS
from doctorsun.model.trainable import set_trainable
from doctorsun.schema import Sample
from doctorsun.train.pack import PackItem, collate, share_prefixes
from small_model import MICRO, image, png, question, small_model, small_processor

PROCESSOR = small_processor()
FIRST, SECOND = image(png(0)), image(png(1))
SAMPLES = (
    question("a", "Is there a nodule?", "No.", FIRST),
    question("b", "Which organ?", "The left lung.", FIRST),
    question("c", "左肺有结节吗?", "未见结节。", FIRST),
    question("d", "Which organ is it?", "A lung."),
    question("e", "Which side?", "Left.", SECOND),
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Products this small are slower on two threads, by far so on a busy machine."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(num_threads)


def batch_of(samples: tuple[Sample, ...]) -> PackedBatch:
    items = [PackItem(PROCESSOR.render(each), tuple(one.sha256 for one in each.images)) for each in samples]
    pixels = {one.sha256: PROCESSOR.pixels(one.bytes or b"") for each in samples for one in each.images}
    return collate(share_prefixes(items, 4096), pixels)


def forward_of(model: LlavaForConditionalGeneration) -> PackedForward:
    return PackedForward(model, image_mean=PROCESSOR.images.mean, image_std=PROCESSOR.images.std)


def logits_by_sample(samples: tuple[Sample, ...]) -> dict[str, Tensor]:
    """Return the logits of each sample's replies, all samples packed into one sequence."""
    items = {each.id: PackItem(PROCESSOR.render(each), tuple(one.sha256 for one in each.images)) for each in samples}
    with torch.no_grad():
        logits = forward_of(small_model().eval()).logits(batch_of(samples))
    packed = [item for group in share_prefixes(list(items.values()), 4096) for item in group.items]
    pieces = logits.split([int(item.rendered.supervised.sum()) for item in packed])
    by_item = {id(item): piece for item, piece in zip(packed, pieces, strict=True)}
    return {name: by_item[id(item)] for name, item in items.items()}


def test_nothing_of_one_question_reaches_another() -> None:
    changed = (SAMPLES[0], question("b", "Which ORGAN!", "The LEFT lung.", FIRST), *SAMPLES[2:])
    before, after = logits_by_sample(SAMPLES), logits_by_sample(changed)
    assert before["b"].shape != after["b"].shape
    for name in "acde":
        torch.testing.assert_close(before[name], after[name], atol=1e-6, rtol=0)


def test_a_question_packed_with_others_is_answered_as_alone() -> None:
    together = logits_by_sample(SAMPLES)
    for each in SAMPLES:
        torch.testing.assert_close(together[each.id], logits_by_sample((each,))[each.id], atol=1e-6, rtol=0)


def test_an_image_reaches_its_own_questions_only() -> None:
    other = tuple(replace(each, images=(image(png(7)),)) if each.images == (FIRST,) else each for each in SAMPLES)
    before, after = logits_by_sample(SAMPLES), logits_by_sample(other)
    for name in "abc":
        assert ((before[name] - after[name]).abs().amax(1) > 1e-5).all()
    for name in "de":
        torch.testing.assert_close(before[name], after[name], atol=1e-6, rtol=0)


def test_logits_stand_at_the_supervised_positions_only() -> None:
    batch = batch_of(SAMPLES)
    assert forward_of(small_model()).logits(batch).shape == (len(batch.targets), 320)


def test_a_frozen_tower_builds_no_graph_and_a_frozen_model_none_at_all() -> None:
    model = small_model()
    set_trainable(model, ["projector"])
    forward = forward_of(model)
    features: list[bool] = []
    model.model.multi_modal_projector.register_forward_pre_hook(lambda _, args: features.append(args[0].requires_grad))
    forward.logits(batch_of(SAMPLES)).sum().backward()
    assert features == [False]
    assert all(p.grad is None for p in model.model.vision_tower.parameters())
    assert all(p.grad is None for p in model.model.language_model.parameters())
    assert all(p.grad is not None for p in model.model.multi_modal_projector.parameters())


def test_a_tower_that_learns_gets_its_gradients() -> None:
    model = small_model()
    chosen = set_trainable(model, ["vision"])["vision"]
    forward_of(model).logits(batch_of(SAMPLES)).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for name, p in chosen.items() if "k_proj.bias" not in name)


def test_blocks_above_the_selected_layer_are_not_computed() -> None:
    model = small_model()
    computed: list[int] = []
    for index, layer in enumerate(model.model.vision_tower.encoder.layers):
        layer.register_forward_hook(lambda *_, index=index: computed.append(index))
    forward_of(model).logits(batch_of(SAMPLES))
    assert computed == list(range(MICRO.vision_layers - 1))


def test_a_class_token_that_the_projector_reads_is_kept() -> None:
    model = small_model()
    model.config.vision_feature_select_strategy = "full"
    pixels = torch.zeros(2, 3, MICRO.image_size, MICRO.image_size, dtype=torch.uint8)
    assert forward_of(model).visual_tokens(pixels).shape == (2, MICRO.num_visual_tokens + 1, MICRO.hidden_size)


def test_a_projector_over_several_layers_is_refused() -> None:
    model = small_model()
    model.config.vision_feature_layer = [-2, -1]
    with pytest.raises(WeightsError, match=r"config\.json: vision_feature_layer: got \[-2, -1\], expected one layer"):
        forward_of(model)


def test_the_layout_of_a_batch_moves_with_it() -> None:
    moved = batch_of(SAMPLES).to(torch.device("meta"))
    assert {moved.ids.device.type, moved.targets.device.type, moved.pixels.device.type} == {"meta"}
    assert {mask.device.type for mask in moved.layout.masks if mask is not None} == {"meta"}


def test_all_parts_are_known() -> None:
    assert set(set_trainable(small_model(), PARTS)) == {"vision", "projector", "language"}
