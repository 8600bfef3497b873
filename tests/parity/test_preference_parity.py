"""Preferences in packs against a plain implementation: transformers' network, one reply at a time, the paper's formula.

The formula is that of arXiv 2305.18290, equation 7, as trl's DPOTrainer computes it for ``loss_type="sigmoid"``
(huggingface/trl, trl/trainer/dpo_trainer.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import LlavaForConditionalGeneration

from doctorsun.config import LoraSection
from doctorsun.model.adapters import add_adapters
from doctorsun.model.forward import PackedForward
from doctorsun.model.parts import PARTS
from doctorsun.model.trainable import set_trainable
from doctorsun.schema import Sample, image_part
from doctorsun.train.pairs import PairItem, collate_pairs
from doctorsun.train.preference import PreferenceObjective
from small_model import assistant, image, png, question, sample, small_model, small_processor, user

PROCESSOR = small_processor()
MEAN, STD = PROCESSOR.images.mean, PROCESSOR.images.std
FIRST, SECOND = image(png(1)), image(png(2))
ONE = [question("one", "Is there a nodule?", "No nodule is seen.", FIRST, rejected=("Yes.",))]
TEXT = [question("text", "左肺有结节吗?", "未见结节。", rejected=("有。",))]
SEVERAL = [question("several", "Which organ is it?", "The left lung.", SECOND, rejected=("The lung.", "No.", "左肺。"))]
TURNS = [
    sample(
        "turns",
        user(image_part(), "Which organ?"),
        assistant("The lung."),
        user("And here?", image_part()),
        assistant("The left lung is seen."),
        images=[FIRST, SECOND],
        rejected=("Nodule.",),
    )
]
SETS = {"one": ONE, "text": TEXT, "several rejected": SEVERAL, "turns": TURNS, "all": [*ONE, *TEXT, *SEVERAL, *TURNS]}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Products this small are slower on two threads, by far so on a busy machine."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(num_threads)


def objective_of(model: LlavaForConditionalGeneration, beta: float, pack_tokens: int = 4096) -> PreferenceObjective:
    forward = PackedForward(model, image_mean=MEAN, image_std=STD)
    return PreferenceObjective(forward, PROCESSOR, beta=beta, max_length=512, pack_tokens=pack_tokens)


def pixels_of(samples: Sequence[Sample]) -> dict[str, np.ndarray]:
    return {one.sha256: PROCESSOR.pixels(one.bytes or b"") for each in samples for one in each.images}


def measured(model: LlavaForConditionalGeneration, samples: Sequence[Sample]) -> dict[str, tuple[float, ...]]:
    """Return the log-probabilities of the replies, each sample a pack of its own."""
    objective = objective_of(model, 1.0)
    found: dict[str, tuple[float, ...]] = {}
    for each in samples:
        item = objective.item(each)
        batch = collate_pairs([item], pixels_of([each]), [[0.0] * len(item.replies)])
        with torch.no_grad():
            found[item.key] = tuple(objective.log_probabilities(batch).tolist())
    return found


def packed(samples: Sequence[Sample], beta: float, pack_tokens: int) -> tuple[float, dict[str, Tensor]]:
    """Return loss and gradients of the packed passes of one step."""
    model = small_model()
    set_trainable(model, PARTS)
    objective = objective_of(model, beta, pack_tokens)
    objective.reference = measured(small_model(seed=4), samples)
    items = [objective.item(each) for each in samples]
    batches = [objective.batch(pack, pixels_of(samples)) for pack in objective.layout(items, 1)[0]]
    num_pairs = sum(batch.num_targets for batch in batches)
    losses = [objective.loss(batch, step_targets=num_pairs) for batch in batches]
    torch.stack(losses).sum().backward()
    return sum(loss.item() for loss in losses), gradients(model)


def plain(samples: Sequence[Sample], beta: float) -> tuple[float, dict[str, Tensor]]:
    """Return loss and gradients of the formula over stock passes."""
    policy, reference = small_model(), small_model(seed=4)
    set_trainable(policy, PARTS)
    losses: list[Tensor] = []
    for each in samples:
        chosen = each.messages[-1].text
        for rejected in each.rejected:
            chosen_logratio = stock_logp(policy, each, chosen) - stock_logp(reference, each, chosen).detach()
            rejected_logratio = stock_logp(policy, each, rejected) - stock_logp(reference, each, rejected).detach()
            losses.append(-torch.nn.functional.logsigmoid(beta * (chosen_logratio - rejected_logratio)))
    loss = torch.stack(losses).mean()
    loss.backward()
    return loss.item(), gradients(policy)


def stock_logp(model: LlavaForConditionalGeneration, each: Sample, reply: str) -> Tensor:
    """Return the log-probability of the tokens that a last reply adds, by transformers' own forward pass."""
    asked = replace(each, messages=(*each.messages[:-1], assistant(reply)))
    ids = torch.tensor(PROCESSOR.render(asked).ids, dtype=torch.int64)[None]
    start = len(PROCESSOR.prompt(each.messages[:-1]))
    inputs = {"input_ids": ids}
    if each.images:
        pixels = np.stack([PROCESSOR.pixels(one.bytes or b"") for one in each.images]) / 255
        mean, std = (np.array(values)[:, None, None] for values in (MEAN, STD))
        inputs["pixel_values"] = torch.tensor((pixels - mean) / std, dtype=torch.float32)
    logp = model(**inputs).logits[0].log_softmax(-1)
    return logp[start - 1 : -1].gather(1, ids[0, start:, None]).sum()


def gradients(model: LlavaForConditionalGeneration) -> dict[str, Tensor]:
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("beta", [0.1, 0.5])
@pytest.mark.parametrize("samples", SETS.values(), ids=SETS.keys())
def test_packed_and_plain_preferences_agree_in_loss_and_gradients(samples: list[Sample], beta: float) -> None:
    loss, grads = packed(samples, beta, 4096)
    plain_loss, plain_grads = plain(samples, beta)
    assert loss == pytest.approx(plain_loss, abs=1e-5)
    assert grads.keys() == plain_grads.keys()
    for name, grad in grads.items():
        torch.testing.assert_close(grad, plain_grads[name], atol=1e-5, rtol=1e-4)


def test_how_pairs_are_packed_changes_nothing() -> None:
    loss, grads = packed(SETS["all"], 0.3, 4096)
    alone_loss, alone_grads = packed(SETS["all"], 0.3, 128)
    assert loss == pytest.approx(alone_loss, abs=1e-6)
    for name, grad in grads.items():
        torch.testing.assert_close(grad, alone_grads[name], atol=1e-5, rtol=1e-4)


def test_packs_of_one_step_are_several_where_they_are_small() -> None:
    objective = objective_of(small_model(), 0.1, 128)
    items: list[PairItem] = [objective.item(each) for each in SETS["all"]]
    assert len(objective.layout(items, 1)[0]) > 1


def test_with_adapters_the_start_is_the_network_without_them() -> None:
    plain_start = measured(small_model(), SETS["all"])
    adapted = small_model()
    add_adapters(adapted, "language", LoraSection(r=4, alpha=8), seed=1)
    for key, values in measured(adapted, SETS["all"]).items():
        assert values == pytest.approx(plain_start[key], abs=1e-5)
