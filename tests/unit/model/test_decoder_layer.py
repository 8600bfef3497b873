from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from transformers.models.llama.modeling_llama import LlamaRMSNorm, apply_rotary_pos_emb

from doctorsun.model.attention import Document, PackLayout
from doctorsun.model.decoder_layer import RootMeanSquareNorm, Rotation, computed_everywhere, lighten
from small_model import small_model

SEQ, HEADS, HEAD_DIM, DIM = 7, 3, 8, 64


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(num_threads)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_norm_and_its_gradients_are_those_of_transformers(dtype: torch.dtype) -> None:
    stock = LlamaRMSNorm(DIM, eps=1e-5)
    stock.weight = nn.Parameter(noise(DIM, seed=1).to(dtype))
    weight = stock.weight.detach().clone().requires_grad_()
    one, other = (noise(1, SEQ, DIM).to(dtype).requires_grad_() for _ in range(2))
    wanted, found = stock(one), RootMeanSquareNorm.apply(other, weight, 1e-5)
    assert found.dtype == wanted.dtype
    gradient = noise(1, SEQ, DIM, seed=2).to(dtype)
    wanted.backward(gradient)
    found.backward(gradient)
    tolerance = {"atol": 1e-5, "rtol": 1e-5} if dtype is torch.float32 else {"atol": 5e-2, "rtol": 2e-2}
    for mine, theirs in ((found, wanted), (other.grad, one.grad), (weight.grad, stock.weight.grad)):
        torch.testing.assert_close(mine, theirs, **tolerance)


def test_a_frozen_norm_gets_no_gradient() -> None:
    hidden, weight = noise(1, SEQ, DIM).requires_grad_(), noise(DIM)
    RootMeanSquareNorm.apply(hidden, weight, 1e-5).sum().backward()
    assert hidden.grad is not None
    assert weight.grad is None


def test_the_rotation_and_its_gradient_are_those_of_transformers() -> None:
    angles = noise(1, SEQ, HEAD_DIM // 2, seed=3).repeat(1, 1, 2)
    cosine, sine = angles.cos(), angles.sin()
    one, other = (noise(1, SEQ, HEADS, HEAD_DIM).requires_grad_() for _ in range(2))
    wanted = apply_rotary_pos_emb(one, one, cosine, sine, unsqueeze_dim=2)[0]
    found = Rotation.apply(other, cosine, sine)
    gradient = noise(1, SEQ, HEADS, HEAD_DIM, seed=4)
    wanted.backward(gradient)
    found.backward(gradient)
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(other.grad, one.grad)


def test_the_last_layer_computes_the_wanted_rows_alone() -> None:
    decoder = small_model().model.language_model
    decoder.set_attn_implementation("doctorsun_packed")
    settings = {
        "inputs_embeds": noise(1, SEQ, DIM),
        "position_ids": torch.arange(SEQ)[None],
        "use_cache": False,
        "layout": PackLayout.of((Document(0, 3, (2, 2)),)),
    }
    wanted = decoder(**settings).last_hidden_state
    assert lighten(decoder)
    rows = torch.tensor([4, 6])
    torch.testing.assert_close(decoder(**settings, supervised=rows).last_hidden_state, wanted[:, rows])
    torch.testing.assert_close(decoder(**settings).last_hidden_state, wanted)


def test_a_layer_that_is_called_without_a_layout_computes_as_before() -> None:
    decoder = small_model().model.language_model
    settings = {"inputs_embeds": noise(1, SEQ, DIM), "use_cache": True}
    wanted = decoder(**settings)
    assert lighten(decoder)
    found = decoder(**settings)
    torch.testing.assert_close(found.last_hidden_state, wanted.last_hidden_state, atol=0, rtol=0)
    assert found.past_key_values.get_seq_length() == SEQ


def test_layers_of_another_kind_stay_as_they_are() -> None:
    decoder = nn.Module()
    decoder.layers = nn.ModuleList([nn.Linear(2, 2)])
    assert not lighten(decoder)
    assert "forward" not in vars(decoder.layers[0])
    assert computed_everywhere(decoder.layers[0]) is None
