from typing import Any

import pytest

from checkpoints.clip import CLIP_L_336, SMALL, TowerSizes, tower_config, tower_shapes
from checkpoints.shapes_only import shapes_only
from doctorsun.errors import WeightsError
from doctorsun.weights.vision_geometry import expected_shapes, measured_sizes, vision_settings

PATCHES = "vision_model.embeddings.patch_embedding.weight"
PLACES = "vision_model.embeddings.position_embedding.weight"
SIZES = {
    "hidden_size": 24,
    "intermediate_size": 40,
    "num_hidden_layers": 3,
    "num_channels": 3,
    "patch_size": 7,
    "image_size": 28,
}


def settings(sizes: TowerSizes = SMALL, **said: Any) -> dict[str, Any]:
    sources: dict[str, Any] = {"config": None, "given": None, **said}
    told, fault = vision_settings(shapes_only(tower_shapes(sizes)), where="here", **sources)
    assert fault is None or told == measured_sizes(shapes_only(tower_shapes(sizes)), "here")
    if fault:
        raise fault
    return told


def refusal(**said: Any) -> str:
    with pytest.raises(WeightsError) as error:
        settings(**said)
    return str(error.value)


def test_sizes_are_measured_on_the_shapes() -> None:
    assert measured_sizes(shapes_only(tower_shapes()), "here") == SIZES
    assert expected_shapes(SIZES) == tower_shapes()
    assert len(tower_shapes(CLIP_L_336)) == 391


def test_the_folder_says_what_shapes_do_not() -> None:
    said = settings(config=tower_config() | {"hidden_act": "gelu", "layer_norm_eps": 1e-6})
    assert said == {
        "model_type": "clip_vision_model",
        **SIZES,
        "num_attention_heads": 4,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-6,
        "projection_dim": 20,
    }


def test_a_silent_folder_means_what_its_class_takes() -> None:
    assert settings(config={})["num_attention_heads"] == 12
    assert settings(config={}, given={"num_attention_heads": 8})["num_attention_heads"] == 8


def test_the_user_says_it_where_there_is_no_configuration() -> None:
    assert settings(given={"num_attention_heads": 8})["num_attention_heads"] == 8
    whole = {"model_type": "clip", "vision_config": tower_config()}
    assert settings(given=whole) == settings(config=tower_config())


def test_exactly_the_shapes_of_the_large_clip_have_its_heads() -> None:
    said = settings(CLIP_L_336)
    assert (said["num_attention_heads"], said["hidden_act"], said["image_size"]) == (16, "quick_gelu", 336)


def test_other_shapes_need_a_configuration() -> None:
    at_224 = TowerSizes(hidden=1024, wide=4096, layers=24, heads=16, patch=14, image=224)
    assert refusal(sizes=at_224) == (
        "here: the vision tower: got hidden_size 1024, intermediate_size 4096, num_hidden_layers 24, num_channels 3, "
        "patch_size 14, image_size 224, and nobody says how many heads, expected a configuration, or exactly the "
        "shapes of CLIP-L/14-336; give --vision-config FILE (the config.json of the tower)"
    )


def test_settings_that_stand_against_the_shapes_are_refused() -> None:
    assert refusal(given=tower_config() | {"image_size": 224}) == (
        "--vision-config: image_size: got 224, expected 28 (the shapes of the tensors); "
        "give the configuration of this very tower"
    )
    assert "here: config.json: num_hidden_layers: got 12, expected 3" in refusal(config={"num_hidden_layers": 12})


def test_settings_that_stand_against_the_folder_are_refused() -> None:
    message = refusal(config=tower_config(), given={"num_attention_heads": 8})
    assert "--vision-config: num_attention_heads: got 8, expected 4 (here: config.json)" in message


def test_a_configuration_without_heads_does_not_help() -> None:
    assert "--vision-config: got no num_attention_heads" in refusal(given={"hidden_size": 24})


@pytest.mark.parametrize("heads", [5, 0, -4, "4", None])
def test_heads_divide_the_hidden_size(heads: Any) -> None:
    message = refusal(given={"num_attention_heads": heads})
    assert f"num_attention_heads: got {heads!r}, expected a divisor of the hidden size 24" in message


@pytest.mark.parametrize(
    ("name", "shape", "got"),
    [
        (PATCHES, None, "no such tensor, expected a tensor of 4 dimensions"),
        (PATCHES, (24, 3, 7), "shape [24, 3, 7], expected a tensor of 4 dimensions"),
        (PATCHES, (24, 3, 0, 0), "shape [24, 3, 0, 0]"),
        (PLACES, (16, 24), "shape [16, 24], expected shape [10, 24]"),
        ("vision_model.encoder.layers.1.mlp.fc1.weight", (41, 24), "shape [41, 24], expected shape [40, 24]"),
        ("vision_model.post_layernorm.bias", None, "no such tensor, expected shape [24]"),
        ("vision_model.encoder.layers.99999999.mlp.fc1.bias", (40,), "layers.3.layer_norm1.bias: got no such tensor"),
        ("vision_model.head.probe", (1, 1, 24), "shape [1, 1, 24], expected the tensors of a CLIP vision tower"),
    ],
)
def test_every_tensor_has_its_place_and_shape(name: str, shape: tuple[int, ...] | None, got: str) -> None:
    shapes = tower_shapes() | ({name: shape} if shape else {})
    if shape is None:
        del shapes[name]
    with pytest.raises(WeightsError, match="whole and belong to one CLIP vision tower") as error:
        vision_settings(shapes_only(shapes), where="here", config=tower_config(), given=None)
    assert got in str(error.value)
