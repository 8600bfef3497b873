import pytest

from doctorsun.model.trainable import modules_of, num_used_vision_layers, set_trainable
from small_model import MICRO, small_model

LAST = f"model.vision_tower.encoder.layers.{MICRO.vision_layers - 1}."


def test_what_is_not_named_is_frozen() -> None:
    model = small_model()
    chosen = set_trainable(model, ["projector"])
    learning = {name for name, p in model.named_parameters() if p.requires_grad}
    assert learning == set(chosen["projector"])
    assert all(name.startswith("model.multi_modal_projector.") for name in learning)


def test_a_part_that_learned_before_is_frozen_again() -> None:
    model = small_model()
    set_trainable(model, ["vision", "projector", "language"])
    set_trainable(model, ["projector"])
    assert not any(p.requires_grad for p in model.model.language_model.parameters())


def test_what_feeds_nothing_stays_frozen() -> None:
    names = set(set_trainable(small_model(), ["vision"])["vision"])
    assert not any(name.startswith((LAST, "model.vision_tower.post_layernorm")) for name in names)
    assert any(name.startswith(f"model.vision_tower.encoder.layers.{MICRO.vision_layers - 2}.") for name in names)
    assert any("pre_layrnorm" in name for name in names)


def test_names_are_those_of_the_model() -> None:
    model = small_model()
    named = dict(model.named_parameters())
    for part in set_trainable(model, ["vision", "projector", "language"]).values():
        assert all(named[name] is parameter for name, parameter in part.items())


def test_the_parts_are_the_whole_model() -> None:
    model = small_model()
    parts = [
        p
        for part in ("vision", "projector", "language")
        for m in modules_of(model, part).values()
        for p in m.parameters()
    ]
    assert {id(p) for p in parts} == {id(p) for p in model.parameters()}


@pytest.mark.parametrize(("layer", "used"), [(-1, 3), (-2, 2), (0, 0), (2, 2), (3, 3)])
def test_the_feature_layer_tells_how_many_blocks_are_used(layer: int, used: int) -> None:
    model = small_model()
    model.config.vision_feature_layer = layer
    assert num_used_vision_layers(model) == used
