"""The packed forward pass against the stock one: the same loss and the same gradients, sample by sample or together."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import LlavaForConditionalGeneration

from doctorsun.model.forward import PackedForward
from doctorsun.model.parts import PARTS
from doctorsun.model.trainable import set_trainable
from doctorsun.schema import Sample, image_part
from doctorsun.train.loss import supervised_loss
from doctorsun.train.pack import PackItem, best_fit, collate, share_prefixes
from small_model import assistant, image, png, question, sample, small_model, small_processor, user

PROCESSOR = small_processor()
MEAN, STD = PROCESSOR.images.mean, PROCESSOR.images.std
FIRST, SECOND, THIRD = (image(png(seed)) for seed in range(3))
SHARED = [
    question("a", "Is there a nodule?", "No.", FIRST),
    question("b", "左肺有结节吗?", "未见结节。", FIRST),
    question("c", "Which organ?", "The left lung is seen.", FIRST),
]
VARIED = [
    question("d", "Which differs?", "The second.", SECOND, THIRD),
    question("e", "Which organ is it?", "The lung."),
    sample("f", assistant("A text about the lung.")),
    sample("g", user(image_part(), "What?"), assistant("A lung."), user("Sure?"), assistant("Yes."), images=[THIRD]),
    sample("h", user("Ready?"), assistant("Yes."), user(image_part(), "What?"), assistant("Left."), images=[SECOND]),
]
SETS = {"shared prefixes": SHARED, "varied": VARIED, "all": [*SHARED, *VARIED], "text only": VARIED[1:3]}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Products this small are slower on two threads, by far so on a busy machine."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(num_threads)


@pytest.fixture(params=[2, 1], ids=["all heads", "grouped heads"])
def num_key_value_heads(request: pytest.FixtureRequest) -> int:
    return request.param


def packed(samples: Sequence[Sample], capacity: int, num_key_value_heads: int) -> tuple[float, dict[str, Tensor]]:
    """Return loss and gradients of the packed pass, over packs of at most ``capacity`` tokens."""
    model = small_model(num_key_value_heads=num_key_value_heads)
    set_trainable(model, PARTS)
    forward = PackedForward(model, image_mean=MEAN, image_std=STD)
    items = [PackItem(PROCESSOR.render(each), tuple(one.sha256 for one in each.images)) for each in samples]
    pixels = {one.sha256: PROCESSOR.pixels(one.bytes or b"") for each in samples for one in each.images}
    packs = [collate(pack, pixels) for pack in best_fit(share_prefixes(items, capacity), capacity)]
    num_targets = sum(len(pack.targets) for pack in packs)
    losses = [supervised_loss(forward.losses(pack), num_targets) for pack in packs]
    torch.stack(losses).sum().backward()
    return sum(loss.item() for loss in losses), gradients(model)


def stock(samples: Sequence[Sample], num_key_value_heads: int) -> tuple[float, dict[str, Tensor]]:
    """Return loss and gradients of transformers' forward pass, one sample at a time."""
    model = small_model(num_key_value_heads=num_key_value_heads)
    set_trainable(model, PARTS)
    rendered = [PROCESSOR.render(each) for each in samples]
    num_targets = sum(int(each.supervised.sum()) for each in rendered)
    total = 0.0
    for each, one in zip(samples, rendered, strict=True):
        labels = np.where(one.supervised, one.ids, -100)
        share = int(one.supervised.sum()) / num_targets
        loss = share * model(**model_inputs(each), labels=torch.tensor(labels, dtype=torch.int64)[None]).loss
        loss.backward()
        total += loss.item()
    return total, gradients(model)


def model_inputs(each: Sample) -> dict[str, Tensor]:
    inputs = {"input_ids": torch.tensor(PROCESSOR.render(each).ids, dtype=torch.int64)[None]}
    if each.images:
        pixels = np.stack([PROCESSOR.pixels(one.bytes or b"") for one in each.images]) / 255
        mean, std = (np.array(values)[:, None, None] for values in (MEAN, STD))
        inputs["pixel_values"] = torch.tensor((pixels - mean) / std, dtype=torch.float32)
    return inputs


def gradients(model: LlavaForConditionalGeneration) -> dict[str, Tensor]:
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("samples", SETS.values(), ids=SETS.keys())
def test_packed_and_stock_agree_in_loss_and_gradients(samples: list[Sample], num_key_value_heads: int) -> None:
    loss, grads = packed(samples, 4096, num_key_value_heads)
    stock_loss, stock_grads = stock(samples, num_key_value_heads)
    assert loss == pytest.approx(stock_loss, abs=1e-5)
    assert grads.keys() == stock_grads.keys()
    for name, grad in grads.items():
        torch.testing.assert_close(grad, stock_grads[name], atol=1e-5, rtol=1e-4)


def test_how_samples_are_packed_changes_nothing(num_key_value_heads: int) -> None:
    loss, grads = packed(SETS["all"], 4096, num_key_value_heads)
    alone_loss, alone_grads = packed(SETS["all"], 1, num_key_value_heads)
    assert loss == pytest.approx(alone_loss, abs=1e-5)
    for name, grad in grads.items():
        torch.testing.assert_close(grad, alone_grads[name], atol=1e-5, rtol=1e-4)
