"""Twenty steps of packed training against twenty of plain transformers with AdamW, sample by sample."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from doctorsun.model.forward import PackedForward
from doctorsun.model.parts import PARTS
from doctorsun.model.trainable import set_trainable
from doctorsun.schema import Sample, image_part
from doctorsun.train.loss import supervised_loss
from doctorsun.train.pack import PackItem, best_fit, collate, share_prefixes
from small_model import assistant, image, png, question, sample, small_model, small_processor, user

PROCESSOR = small_processor()
FIRST, SECOND, THIRD = (image(png(seed)) for seed in range(3))
SAMPLES = [
    question("a", "Is there a nodule?", "No.", FIRST),
    question("b", "左肺有结节吗?", "未见结节。", FIRST),
    question("c", "Which differs?", "The second.", SECOND, THIRD),
    question("d", "Which organ is it?", "The lung."),
    sample("e", user(image_part(), "What?"), assistant("A lung."), user("Sure?"), assistant("Yes."), images=[THIRD]),
]
STEPS, RATE = 20, 1e-3


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(num_threads)


def packed_losses(*, bf16: bool) -> list[float]:
    model = small_model()
    parts = set_trainable(model, PARTS)
    optimizer = torch.optim.AdamW([p for named in parts.values() for p in named.values()], lr=RATE, weight_decay=0.0)
    forward = PackedForward(model, image_mean=PROCESSOR.images.mean, image_std=PROCESSOR.images.std)
    items = [PackItem(PROCESSOR.render(each), tuple(one.sha256 for one in each.images)) for each in SAMPLES]
    pixels = {one.sha256: PROCESSOR.pixels(one.bytes or b"") for each in SAMPLES for one in each.images}
    packs = [collate(pack, pixels) for pack in best_fit(share_prefixes(items, 128), 128)]
    assert 1 < len(packs) < len(SAMPLES)
    num_targets = sum(pack.num_targets for pack in packs)
    losses: list[float] = []
    for _ in range(STEPS):
        shares: list[float] = []
        for pack in packs:
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                share = supervised_loss(forward.losses(pack), num_targets)
            share.backward()
            shares.append(share.item())
        optimizer.step()
        optimizer.zero_grad()
        losses.append(sum(shares))
    return losses


def plain_losses() -> list[float]:
    model = small_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.0)
    rendered = [PROCESSOR.render(each) for each in SAMPLES]
    num_targets = sum(int(each.supervised.sum()) for each in rendered)
    inputs = [model_inputs(each) for each in SAMPLES]
    losses: list[float] = []
    for _ in range(STEPS):
        total = 0.0
        for one, tensors in zip(rendered, inputs, strict=True):
            labels = torch.tensor(np.where(one.supervised, one.ids, -100), dtype=torch.int64)[None]
            loss = model(**tensors, labels=labels).loss * (int(one.supervised.sum()) / num_targets)
            loss.backward()
            total += loss.item()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(total)
    return losses


def model_inputs(each: Sample) -> dict[str, Tensor]:
    inputs = {"input_ids": torch.tensor(PROCESSOR.render(each).ids, dtype=torch.int64)[None]}
    if each.images:
        pixels = np.stack([PROCESSOR.pixels(one.bytes or b"") for one in each.images]) / 255
        mean, std = (np.array(values)[:, None, None] for values in (PROCESSOR.images.mean, PROCESSOR.images.std))
        inputs["pixel_values"] = torch.tensor((pixels - mean) / std, dtype=torch.float32)
    return inputs


def test_twenty_packed_steps_have_the_losses_of_plain_transformers() -> None:
    packed, plain = packed_losses(bf16=False), plain_losses()
    assert packed[-1] < 0.9 * packed[0]
    assert packed == pytest.approx(plain, rel=1e-3)
    assert packed[:5] == pytest.approx(plain[:5], rel=1e-5)


def test_bf16_stays_within_two_percent_of_it() -> None:
    assert packed_losses(bf16=True) == pytest.approx(plain_losses(), rel=2e-2)
