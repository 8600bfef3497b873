from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from doctorsun.config import LoraSection, PartName
from doctorsun.model.parts import blocks_of
from doctorsun.model.recompute import recompute_blocks
from doctorsun.model.trainable import set_trainable
from small_model import MICRO, small_model

LORA = {"vision": LoraSection(r=4, alpha=8, dropout=0.3)}
IDS = torch.arange(5, 45)[None]


def gradients(parts: list[PartName], adapters: dict[PartName, LoraSection], *, recompute: bool) -> dict[str, Tensor]:
    model = small_model().train()
    learning = set_trainable(model, parts, adapters, seed=1)
    if recompute:
        assert recompute_blocks(model)
    torch.manual_seed(7)
    features = model.model.vision_tower(pixel_values=torch.linspace(-1, 1, 2 * 3 * 32 * 32).view(2, 3, 32, 32))
    visual = model.model.multi_modal_projector(features.last_hidden_state)
    (model(input_ids=IDS).logits.square().mean() + visual.square().mean()).backward()
    return {name: p.grad for named in learning.values() for name, p in named.items() if p.grad is not None}


@pytest.mark.parametrize("adapters", [{}, LORA, {"language": LoraSection(r=2, alpha=2, dropout=0.5)}])
def test_gradients_are_the_same_bits_with_dropout_too(adapters: dict[PartName, LoraSection]) -> None:
    parts: list[PartName] = ["vision", "projector", "language"]
    plain = gradients(parts, adapters, recompute=False)
    again = gradients(parts, adapters, recompute=True)
    assert plain.keys() == again.keys()
    assert len(plain) > 20
    assert all(torch.equal(plain[name], again[name]) for name in plain)


def saved_bytes(run: Callable[[], Tensor]) -> int:
    sizes: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        sizes[tensor.data_ptr()] = tensor.nbytes
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        run().sum().backward()
    return sum(sizes.values())


def test_a_block_that_trains_keeps_its_input_alone() -> None:
    model = small_model().train()
    set_trainable(model, ["language"])
    run = lambda: model.model.language_model(input_ids=IDS).last_hidden_state  # noqa: E731
    before = saved_bytes(run)
    assert recompute_blocks(model) == MICRO.num_layers
    assert saved_bytes(run) < 0.35 * before


@pytest.mark.parametrize("part", ["projector", "vision"])
def test_a_frozen_block_above_what_trains_keeps_its_input_alone(part: PartName) -> None:
    model = small_model().train()
    set_trainable(model, [part])
    embeddings = model.model.language_model.embed_tokens(IDS)
    run = lambda: model.model.language_model(inputs_embeds=embeddings.requires_grad_()).last_hidden_state  # noqa: E731
    before = saved_bytes(run)
    recompute_blocks(model)
    assert saved_bytes(run) < 0.35 * before


def test_only_blocks_that_a_gradient_passes_are_computed_twice() -> None:
    model = small_model()
    adapters: dict[PartName, LoraSection] = {"language": LoraSection(r=2, alpha=2, modules=("layers.1.mlp.up_proj",))}
    set_trainable(model, ["language"], adapters)
    names = list(dict(model.named_parameters()))
    assert recompute_blocks(model) == MICRO.num_layers - 1
    assert "forward" not in vars(blocks_of(model, "language")[0])
    assert list(dict(model.named_parameters())) == names


def test_blocks_that_no_loss_reaches_are_not_computed_twice() -> None:
    model = small_model()
    set_trainable(model, ["vision"])
    assert recompute_blocks(model) == MICRO.vision_layers - 1 + MICRO.num_layers
    assert len(blocks_of(model, "vision")) == MICRO.vision_layers - 1
    assert not blocks_of(model, "projector")


def test_a_frozen_tower_stays_without_a_graph() -> None:
    model = small_model().train()
    set_trainable(model, ["language"])
    recompute_blocks(model)
    features = model.model.vision_tower(pixel_values=torch.zeros(1, 3, 32, 32)).last_hidden_state
    assert features.grad_fn is None
