"""One training step on packed sequences against plain ones, for each language model that a run can start from."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import LlavaForConditionalGeneration

from checkpoints.clip import write_tower
from checkpoints.internlm2 import write_internlm2
from checkpoints.llama import write_llama3
from checkpoints.mistral import write_mistral
from checkpoints.qwen2 import write_qwen2
from doctorsun.model.forward import PackedForward
from doctorsun.model.trainable import set_trainable
from doctorsun.processor.processor import Processor
from doctorsun.schema import Sample
from doctorsun.train.pack import PackItem, collate, share_prefixes
from doctorsun.weights.hugging_face import load_weights
from doctorsun.weights.import_weights import ImportRequest, import_weights
from small_model import image, png, question

FIRST, SECOND = image(png(0)), image(png(1))
SAMPLES = (
    question("a", "Is there a nodule?", "No.", FIRST),
    question("b", "Which organ?", "The left lung.", FIRST),
    question("c", "左肺有结节吗?", "未见结节。", SECOND),
    question("d", "Which organ is it?", "A lung."),
)
LANGUAGES: tuple[tuple[Callable[..., Any], str, dict[str, Any]], ...] = (
    (write_llama3, "llama3", {}),
    (write_internlm2, "chatml", {}),
    (write_qwen2, "chatml", {}),
    (write_mistral, "mistral_instruct", {}),
    (write_mistral, "mistral_instruct", {"sliding_window": 24}),  # within a sample
    (write_qwen2, "chatml", {"use_sliding_window": True, "sliding_window": 24, "max_window_layers": 1}),
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(num_threads)


def start_from(
    folder: Path, write: Callable[..., Any], chat: str, **changes: Any
) -> tuple[LlavaForConditionalGeneration, Processor]:
    write_tower(folder / "vision")
    write(folder / "language", **changes)
    request = ImportRequest(language=folder / "language", chat=chat, dtype="float32", projector_seed=1)
    import_weights(folder / "vision", folder / "start", request)
    return load_weights(folder / "start")


def packed_step(model: LlavaForConditionalGeneration, processor: Processor) -> tuple[Tensor, dict[str, Tensor]]:
    """Return loss and gradients of all samples in one packed sequence."""
    learning = set_trainable(model, ("vision", "projector", "language"))
    forward = PackedForward(model, image_mean=processor.images.mean, image_std=processor.images.std)
    items = [PackItem(processor.render(each), tuple(one.sha256 for one in each.images)) for each in SAMPLES]
    pixels = {one.sha256: processor.pixels(one.bytes or b"") for each in SAMPLES for one in each.images}
    batch = collate(share_prefixes(items, 4096), pixels)
    loss = torch.nn.functional.cross_entropy(forward.logits(batch), batch.targets, reduction="sum")
    return step(model, loss, learning)


def plain_step(model: LlavaForConditionalGeneration, processor: Processor) -> tuple[Tensor, dict[str, Tensor]]:
    """Return loss and gradients of transformers' own forward pass, one sample after the other."""
    learning = set_trainable(model, ("vision", "projector", "language"))
    losses = [plain_loss(model, processor, each) for each in SAMPLES]
    return step(model, torch.stack(losses).sum(), learning)


def plain_loss(model: LlavaForConditionalGeneration, processor: Processor, sample: Sample) -> Tensor:
    rendered = processor.render(sample)
    ids, supervised = torch.tensor([list(rendered.ids)]), torch.tensor(list(rendered.supervised))
    shift = torch.tensor(processor.images.mean).view(1, 3, 1, 1), torch.tensor(processor.images.std).view(1, 3, 1, 1)
    raw = [torch.from_numpy(processor.pixels(one.bytes or b"")) for one in sample.images]
    pixels = {"pixel_values": (torch.stack(raw).float() / 255 - shift[0]) / shift[1]} if raw else {}
    logits = model(input_ids=ids, attention_mask=torch.ones_like(ids), **pixels).logits[0]
    answered = supervised.nonzero().squeeze(1)
    return torch.nn.functional.cross_entropy(logits[answered - 1], ids[0, answered].long(), reduction="sum")


def step(
    model: LlavaForConditionalGeneration, loss: Tensor, learning: dict[Any, dict[str, torch.nn.Parameter]]
) -> tuple[Tensor, dict[str, Tensor]]:
    model.zero_grad()
    loss.backward()
    named = {name: each for part in learning.values() for name, each in part.items()}
    return loss.detach(), {name: each.grad.clone() for name, each in named.items() if each.grad is not None}


@pytest.mark.parametrize(("write", "chat", "changes"), LANGUAGES)
def test_a_packed_step_has_the_loss_and_gradients_of_plain_ones(
    tmp_path: Path, write: Callable[..., Any], chat: str, changes: dict[str, Any]
) -> None:
    model, processor = start_from(tmp_path, write, chat, **changes)
    loss_of_plain, plain = plain_step(model, processor)
    loss_of_packed, packed = packed_step(model, processor)
    torch.testing.assert_close(loss_of_packed, loss_of_plain, atol=1e-4, rtol=1e-5)
    assert packed.keys() == plain.keys()
    for name, gradient in plain.items():
        torch.testing.assert_close(
            packed[name], gradient, atol=2e-4, rtol=1e-3, msg=lambda text, name=name: name + text
        )
