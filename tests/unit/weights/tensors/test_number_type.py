import copy
import json
import pickle

import pytest
import torch

from doctorsun.weights.tensors.number_type import NumberType

FLOATING = [kind for kind in NumberType if kind.is_floating_point]


@pytest.mark.parametrize("kind", NumberType)
def test_a_type_is_pytorchs_of_that_name(kind: NumberType) -> None:
    assert str(kind.torch) == f"torch.{kind}"
    assert kind.itemsize == kind.torch.itemsize
    assert kind.is_floating_point == kind.torch.is_floating_point
    assert NumberType.of(kind.torch) is kind


@pytest.mark.parametrize("kind", FLOATING)
def test_the_largest_value_is_pytorchs(kind: NumberType) -> None:
    assert kind.largest == torch.finfo(kind.torch).max


def test_a_type_that_no_format_has_is_refused() -> None:
    with pytest.raises(ValueError, match="'quint4x2' is not a valid NumberType"):
        NumberType.of(torch.quint4x2)


def test_a_type_is_itself_wherever_it_goes() -> None:
    kind = NumberType.BFLOAT16
    assert pickle.loads(pickle.dumps(kind)) is copy.deepcopy(kind) is kind  # noqa: S301 (our own)
    assert json.dumps({"dtype": kind}) == '{"dtype": "bfloat16"}'
