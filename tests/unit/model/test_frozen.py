"""What is frozen costs nothing: no graph, no memory, no second copy, and no number of the run changes."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from doctorsun.config import LoraSection, PartName
from doctorsun.model.forward import PackedBatch, PackedForward
from doctorsun.model.recompute import recompute_blocks
from doctorsun.model.trainable import Learning, hold_frozen, set_trainable
from doctorsun.train.pack import PackItem, collate, share_prefixes
from small_model import image, png, question, small_model, small_processor

PROCESSOR = small_processor()
LORA = LoraSection(r=4, alpha=8, dropout=0.3)
SCAN = image(png(0))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Products this small are slower on two threads, by far so on a busy machine."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(num_threads)


def batch() -> PackedBatch:
    samples = (question("a", "Is there a nodule?", "No.", SCAN), question("b", "Which organ?", "A lung.", SCAN))
    items = [PackItem(PROCESSOR.render(each), (SCAN.sha256,)) for each in samples]
    return collate(share_prefixes(items, 4096), {SCAN.sha256: PROCESSOR.pixels(SCAN.bytes or b"")})


def prepared(
    parts: list[PartName], adapters: dict[PartName, LoraSection], *, held: bool = True, recompute: bool = False
) -> tuple[PackedForward, Learning]:
    model = small_model().train()
    learning = set_trainable(model, parts, adapters, seed=1)
    with torch.no_grad():
        for name, parameter in learning.get("vision", {}).items():
            parameter.add_(0.1 if "lora_B" in name else 0.0)
    if held:
        hold_frozen(model, bf16=True)
    forward = PackedForward(model, image_mean=PROCESSOR.images.mean, image_std=PROCESSOR.images.std)
    if recompute:
        recompute_blocks(model)
    return forward, learning


def loss_and_gradients(forward: PackedForward, learning: Learning) -> tuple[Tensor, dict[str, Any]]:
    torch.manual_seed(3)  # dropout
    with torch.autocast("cpu", torch.bfloat16):
        loss = forward.logits(batch()).float().square().mean()
    loss.backward()
    return loss, {name: p.grad for named in learning.values() for name, p in named.items()}


STAGES: list[tuple[list[PartName], dict[PartName, LoraSection]]] = [
    (["projector"], {}),
    (["projector", "language"], {}),
    (["vision", "projector", "language"], {"vision": LORA}),
    (["projector", "language"], {"language": LORA}),
]


@pytest.mark.parametrize(("parts", "adapters"), STAGES)
def test_holding_frozen_weights_in_bf16_changes_no_bit_of_loss_and_gradients(
    parts: list[PartName], adapters: dict[PartName, LoraSection]
) -> None:
    (one, plain), (other, held) = (loss_and_gradients(*prepared(parts, adapters, held=held)) for held in (False, True))
    assert torch.equal(one, other)
    assert any(grad is not None and grad.any() for grad in plain.values())
    for name, grad in plain.items():
        found = held[name]
        assert (grad is None) == (found is None)
        assert grad is None or torch.equal(grad, found), name


@pytest.mark.parametrize(("parts", "adapters"), STAGES)
def test_computing_blocks_twice_changes_no_bit_of_loss_and_gradients(
    parts: list[PartName], adapters: dict[PartName, LoraSection]
) -> None:
    (one, plain), (other, twice) = (
        loss_and_gradients(*prepared(parts, adapters, recompute=again)) for again in (False, True)
    )
    assert torch.equal(one, other)
    assert any(grad is not None and grad.any() for grad in plain.values())
    assert all(grad is None or torch.equal(grad, twice[name]) for name, grad in plain.items())


def saved_by(forward: PackedForward) -> int:
    """Count the bytes that the tower keeps for a backward pass."""
    sizes: list[int] = []

    def pack(tensor: Tensor) -> Tensor:
        sizes.append(tensor.nbytes)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        forward.vision_features(batch().pixels)
    return sum(sizes)


def test_a_frozen_tower_has_no_graph_and_keeps_nothing() -> None:
    forward, _ = prepared(["projector", "language"], {}, held=False)
    features = forward.vision_features(batch().pixels)
    assert features.grad_fn is None
    assert not features.requires_grad
    assert saved_by(forward) == 0
    learning_tower, _ = prepared(["vision"], {}, held=False)
    assert saved_by(learning_tower) > 0


def test_a_frozen_tower_stays_without_a_graph_where_its_first_output_is_made_to_require_one() -> None:
    """The switch of transformers for computing twice does that to every tower of a model."""
    forward, _ = prepared(["projector"], {}, held=False)
    patches = forward.parts.vision_tower.embeddings.patch_embedding
    patches.register_forward_hook(lambda _module, _args, output: output.requires_grad_())
    assert forward.vision_features(batch().pixels).grad_fn is None
    assert saved_by(forward) == 0


def test_frozen_weights_under_adapters_get_no_gradient() -> None:
    forward, learning = prepared(["vision", "projector"], {"vision": LORA}, held=False)
    forward.logits(batch()).float().sum().backward()
    with_gradient = {id(p) for p in forward.model.parameters() if p.grad is not None}
    assert with_gradient == {id(p) for named in learning.values() for p in named.values()}
