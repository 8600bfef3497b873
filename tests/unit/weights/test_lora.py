"""Joining LoRA into weights: the sum, its rounding, what is read of whom, and changes that find no weight."""

import pytest
import torch
from torch import Tensor

from doctorsun.errors import WeightsError
from doctorsun.weights.lazy import LazyTensor
from doctorsun.weights.lora import ROWS_AT_ONCE, joined
from doctorsun.weights.parts import Adapter, LowRankPair
from doctorsun.weights.stock_folder import in_type
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.tensor_files import TensorHeader


def lazy(tensor: Tensor, name: str) -> LazyTensor:
    return LazyTensor(TensorHeader(NumberType.of(tensor.dtype), tuple(tensor.shape)), lambda: tensor, (name,))


def random(*shape: int, seed: int = 0) -> Tensor:
    """Draw sixteenths up to 4, whose sums of products are exact in float32, in whatever order a processor adds them."""
    return torch.randint(-64, 65, shape, generator=torch.Generator().manual_seed(seed)) / 16


def adapter(up: Tensor, down: Tensor, name: str = "w", scale: float = 0.5) -> Adapter:
    return Adapter(part="language", pairs={name: LowRankPair(down=lazy(down, "a"), up=lazy(up, "b"), scale=scale)})


def test_a_change_is_added_in_float32_and_rounded_once():
    weight, up, down = random(6, 5).bfloat16(), random(6, 2, seed=1).half(), random(2, 5, seed=2)
    result = joined({"w": lazy(weight, "w")}, adapter(up, down))["w"]
    assert torch.equal(result.compute(), (weight.float() + 0.5 * up.float() @ down).bfloat16())
    assert result.header == TensorHeader(NumberType.BFLOAT16, (6, 5))
    assert result.sources == ("w", "b", "a")


@pytest.mark.parametrize("base", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("asked", [NumberType.FLOAT32, NumberType.FLOAT16, NumberType.BFLOAT16])
def test_the_sum_is_rounded_once_to_the_type_that_is_asked_for(base: torch.dtype, asked: NumberType):
    weight, up, down = random(6, 5).to(base), random(6, 2, seed=1), random(2, 5, seed=2)
    result = joined({"w": lazy(weight, "w")}, adapter(up, down))
    exact = weight.float() + 0.5 * up @ down
    for taken in (result["w"].to(asked), in_type(result, asked)["w"]):
        assert taken.header == TensorHeader(asked, (6, 5))
        assert torch.equal(taken.compute(), exact.to(asked.torch))


def test_two_changes_of_one_weight_are_rounded_once():
    weight = random(6, 5).bfloat16()
    first, second = (adapter(random(6, 2, seed=seed), random(2, 5, seed=seed + 1)) for seed in (1, 3))
    result = joined(joined({"w": lazy(weight, "w")}, first), second)["w"]
    exact = weight.float()
    for seed in (1, 3):
        exact = exact + 0.5 * random(6, 2, seed=seed) @ random(2, 5, seed=seed + 1)
    assert torch.equal(result.to(NumberType.FLOAT32).compute(), exact)
    assert torch.equal(result.compute(), exact.bfloat16())


def test_a_sum_that_the_type_cannot_hold_is_refused():
    base = {"w": lazy(torch.full((1, 1), 65504.0).bfloat16(), "w")}  # 65,536 in bfloat16
    result = in_type(joined(base, adapter(torch.ones(1, 1), torch.ones(1, 1), scale=8.0)), NumberType.FLOAT16)
    with pytest.raises(WeightsError, match=r"^w: got a value of 65544, expected values that float16 holds"):
        result["w"].compute()


def test_what_is_made_of_a_sum_is_no_sum():
    result = joined({"w": lazy(random(6, 5).half(), "w")}, adapter(random(6, 2), random(2, 5)))["w"]
    assert torch.equal(result.map(lambda made: made * 0).to(NumberType.FLOAT32).compute(), torch.zeros(6, 5))


def test_a_double_weight_stays_double():
    weight, up, down = random(6, 5).double(), random(6, 2, seed=1), random(2, 5, seed=2)
    result = joined({"w": lazy(weight, "w")}, adapter(up, down))["w"].compute()
    assert torch.equal(result, weight + 0.5 * up.double() @ down.double())


def test_a_tall_weight_is_changed_in_every_block_of_rows_and_left_as_it_is_itself():
    weight, up, down = random(ROWS_AT_ONCE + 3, 2), random(ROWS_AT_ONCE + 3, 1, seed=1), random(1, 2, seed=2)
    before = weight.clone()
    result = joined({"w": lazy(weight, "w")}, adapter(up, down))["w"].compute()
    torch.testing.assert_close(result, before + 0.5 * up @ down)
    assert torch.equal(weight, before)


def test_what_is_not_changed_stays_the_same_object():
    other = lazy(random(3), "other")
    tensors = {"w": lazy(random(6, 5), "w"), "other": other}
    assert joined(tensors, adapter(random(6, 2), random(2, 5)))["other"] is other


def test_a_replaced_tensor_is_changed_afterwards_and_keeps_its_type():
    whole, up, down = random(6, 5, seed=4), random(6, 2, seed=1), random(2, 5, seed=2)
    pairs = adapter(up, down).pairs
    both = Adapter(part="language", pairs=pairs, replaced={"w": lazy(whole, "new")})
    result = joined({"w": lazy(random(6, 5).bfloat16(), "w")}, both)["w"]
    torch.testing.assert_close(result.compute(), whole + 0.5 * up @ down)
    assert result.sources == ("new", "b", "a")


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({}, r"the adapter of the language part: w: got no such weight in the base, expected one of shape \[6, 5\]"),
        ({"w": lazy(random(5, 6), "w")}, r"got a weight of shape \[5, 6\] in the base, expected one of shape \[6, 5\]"),
    ],
)
def test_a_change_that_finds_no_weight_is_told(tensors: dict[str, LazyTensor], message: str):
    with pytest.raises(WeightsError, match=message):
        joined(tensors, adapter(random(6, 2), random(2, 5)))


def test_a_replaced_tensor_of_another_shape_is_told():
    replaced = Adapter(part="vision", pairs={}, replaced={"w": lazy(random(7), "new")})
    with pytest.raises(WeightsError, match=r"of the vision part: w: got a weight of shape \[6\] in the base"):
        joined({"w": lazy(random(6), "w")}, replaced)


@pytest.mark.parametrize(("up", "down"), [((6, 3), (2, 5)), ((6,), (2, 5)), ((6, 0), (0, 5)), ((6, 2), (2,))])
def test_factors_that_do_not_fit_are_told(up: tuple[int, ...], down: tuple[int, ...]):
    with pytest.raises(WeightsError, match=r"got factors of shapes .* expected \[out, rank\] and \[rank, in\]"):
        joined({"w": lazy(random(6, 5), "w")}, adapter(torch.zeros(up), torch.zeros(down)))
