import pytest

from checkpoints.llava_legacy import projector_shapes
from checkpoints.shapes_only import shapes_only
from doctorsun.errors import WeightsError
from doctorsun.weights.projector_part import SEQUENTIAL, projector_part


def test_two_layers_get_the_names_of_transformers() -> None:
    part = projector_part(
        shapes_only(projector_shapes(48)),
        where="here",
        layers=SEQUENTIAL,
        feature_layer=-3,
        feature_strategy="full",
        fit="pad",
    )
    assert {name: tensor.header.shape for name, tensor in part.tensors.items()} == {
        "linear_1.weight": (48, 24),
        "linear_1.bias": (48,),
        "linear_2.weight": (48, 48),
        "linear_2.bias": (48,),
    }
    assert part.tensors["linear_2.bias"].sources == ("2.bias",)
    assert (part.feature_layer, part.feature_strategy, part.fit) == (-3, "full", "pad")


@pytest.mark.parametrize(
    ("shapes", "got"),
    [
        ({"weight": (48, 24), "bias": (48,)}, "got tensors bias, weight, expected two layers"),
        ({**projector_shapes(48), "4.weight": (48, 48)}, "4.weight"),
        ({}, "got tensors of no name, expected two layers with GELU between: 0.weight, 0.bias, 2.weight, 2.bias"),
        ({**projector_shapes(48), "2.weight": (48, 47)}, "got shapes [48, 24], [48], [48, 47], [48]"),
        ({**projector_shapes(48), "0.weight": (48,)}, "expected [text, vision], [text], [text, text], [text]"),
    ],
)
def test_others_are_refused(shapes: dict[str, tuple[int, ...]], got: str) -> None:
    with pytest.raises(WeightsError, match="here: the projector") as error:
        projector_part(shapes_only(shapes), where="here", layers=SEQUENTIAL)
    assert got in str(error.value)
