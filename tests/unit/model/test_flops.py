from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import LlavaForConditionalGeneration

from doctorsun.config import StageSection
from doctorsun.model.attention import Document
from doctorsun.model.flops import TrainingFlops, Work, seen_pairs
from doctorsun.model.forward import PackedForward
from doctorsun.model.trainable import set_trainable
from doctorsun.train.pack import PackItem, best_fit, collate, share_prefixes
from small_model import assistant, image, png, question, sample, small_model, small_processor

PROCESSOR = small_processor()
SAMPLES = [
    question("one", "Is there a nodule?", "No nodule is seen.", image(png(1))),
    question("two", "Is there a nodule? " * 4, "No.", image(png(2))),
    sample("three", assistant("Text about the lung, which is long.")),
]


def set_up(trainable: dict[str, Any]) -> LlavaForConditionalGeneration:
    model = small_model()
    settings = {"trainable": trainable, "mixture": [{"source": "made"}], "steps": 1, "batch_samples": 3, "lr": 0.1}
    set_trainable(model, StageSection.model_validate(settings).trainable)
    return model


def counted(model: LlavaForConditionalGeneration) -> tuple[float, Work]:
    """Return what PyTorch counts while a pack is computed, without attention, and what is in the pack."""
    forward = PackedForward(model, image_mean=PROCESSOR.images.mean, image_std=PROCESSOR.images.std)
    items = [PackItem(PROCESSOR.render(each), tuple(one.sha256 for one in each.images)) for each in SAMPLES]
    pixels = {one.sha256: PROCESSOR.pixels(one.bytes or b"") for each in SAMPLES for one in each.images}
    (pack,) = [collate(pack, pixels) for pack in best_fit(share_prefixes(items, 4096), 4096)]
    with FlopCounterMode(display=False) as counter:
        forward.logits(pack).sum().backward()
    operations = counter.get_flop_counts()["Global"]
    products = sum(count for name, count in operations.items() if "attention" not in str(name))
    return products, pack.work


@pytest.mark.parametrize(
    "trainable",
    [
        {"projector": "full"},
        {"vision": "full", "projector": "full"},
        {"language": "full"},
        {"vision": "full", "projector": "full", "language": "full"},
        {"vision": {"lora": {"r": 4, "alpha": 8}}, "language": "full"},
        {"language": {"lora": {"r": 4, "alpha": 8}}},
    ],
)
def test_the_operations_of_all_products_are_those_that_pytorch_counts(trainable: dict[str, Any]) -> None:
    model = set_up(trainable)
    products, work = counted(model)
    flops = TrainingFlops.of(model)
    seen = 17 * 17 * work.images
    tower = 2 * 64 * seen * (12 if "vision" in trainable else 4)  # two blocks that are used, 64 channels
    expected = flops.count(work) - flops.pair * work.pairs - tower
    assert products == pytest.approx(expected, rel=0.015)


def test_frozen_parts_cost_less() -> None:
    align, whole = set_up({"projector": "full"}), set_up({"vision": "full", "projector": "full", "language": "full"})
    one, other = TrainingFlops.of(align), TrainingFlops.of(whole)
    assert other.token == pytest.approx(1.5 * one.token)  # no gradient of weights, but of what passes
    assert other.image > 2 * one.image
    assert other.projection == pytest.approx(1.5 * one.projection, rel=0.4)
    assert other.pair == one.pair == 2 * 64 * 12


def test_text_training_computes_no_image() -> None:
    flops = TrainingFlops.of(set_up({"language": "full"}))
    assert flops.count(Work(tokens=2, pairs=3, targets=1)) == 2 * flops.token + 3 * flops.pair + flops.target


def test_pairs_are_those_that_the_mask_lets_through() -> None:
    documents = (Document(0, 5, (3, 2)), Document(10, 0, (4,)))
    assert seen_pairs(documents) == sum(int(document.mask().sum()) for document in documents)


def test_work_adds_up() -> None:
    assert Work(1, 2, 3, 4, 5) + Work(10, 20, 30, 40, 50) == Work(11, 22, 33, 44, 55)


def test_the_attention_is_counted_by_pairs_and_channels() -> None:
    query = torch.randn(1, 2, 6, 32, requires_grad=True)
    with FlopCounterMode(display=False) as counter:
        scores = query @ query.transpose(2, 3)
        (scores @ query).sum().backward()
    assert counter.get_total_flops() == 36 * 64 * (4 + 8)
