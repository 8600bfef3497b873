from dataclasses import replace
from typing import Any

import pytest
import torch

from checkpoints.three_parts import write_three_parts
from doctorsun.errors import WeightsError
from doctorsun.weights.complete import complete, unused
from doctorsun.weights.lazy import LazyTensor
from doctorsun.weights.parts import Adapter, LowRankPair, Published
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.tensor_files import TensorHeader

QUERY = "model.layers.0.self_attn.q_proj.weight"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Published]:
    return write_three_parts(tmp_path_factory.mktemp("parts"), dtype=torch.float32)


@pytest.fixture
def whole(published: dict[str, Published]) -> Published:
    """All three parts in one."""
    return replace(published["language"], vision=published["vision"].vision, projector=published["projector"].projector)


def constant(value: float, *shape: int) -> LazyTensor:
    header = TensorHeader(NumberType.FLOAT32, shape)
    return LazyTensor(header, lambda: torch.full(shape, value), (f"constant {value}",))


def change(scale: float, *, part: Any = "language") -> Adapter:
    """Return a change that adds ``scale`` to every number of a weight."""
    pair = LowRankPair(down=constant(1.0, 1, 48), up=constant(1.0, 48, 1), scale=scale)
    return Adapter(part=part, pairs={QUERY: pair})


def test_own_parts_are_taken(whole: Published) -> None:
    parts = complete(whole)
    assert parts.vision is not None
    assert (parts.projector, parts.vision.config) == (whole.projector, whole.vision and whole.vision.config)


@pytest.mark.parametrize("name", ["vision", "projector", "language"])
def test_a_part_that_is_given_wins(whole: Published, published: dict[str, Published], name: str) -> None:
    given = replace(published[name], **{name: replace(getattr(whole, name), tensors=getattr(whole, name).tensors)})
    chosen = getattr(complete(whole, **{name: given}), name)
    assert chosen == getattr(given, name)
    assert getattr(complete(replace(whole, **{name: None}), **{name: given}), name) == chosen


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("vision", "no vision tower, expected the three parts of a LLaVA; give --vision FOLDER or --vision hf:openai/"),
        (
            "projector",
            "no projector, expected the three parts of a LLaVA; give --projector FILE or FOLDER, for example",
        ),
        (
            "language",
            "no language model, expected the three parts of a LLaVA; give --language FOLDER or --language hf:",
        ),
    ],
)
def test_a_part_that_is_nowhere_is_asked_for(whole: Published, name: str, text: str) -> None:
    with pytest.raises(WeightsError) as error:
        complete(replace(whole, **{name: None}))
    assert f"weights of the layout language_model: got {text}" in error.value.text()


def test_everything_that_is_still_to_be_given_is_asked_for_at_once(whole: Published) -> None:
    assert whole.vision is not None
    heads = WeightsError("the tower", got="no heads", expected="heads", do="give --vision-config FILE")
    untold = replace(whole, vision=replace(whole.vision, fault=heads), projector=None, language=None)
    with pytest.raises(WeightsError) as error:
        complete(untold)
    fault = error.value
    assert fault.what == "weights of the layout language_model"
    assert fault.got == "no projector and no language model and the tower: no heads"
    assert [each.partition(" or ")[0] for each in fault.do.split("; and ")] == [
        "give --projector FILE", "give --language FOLDER", "give --vision-config FILE"
    ]  # fmt: skip
    with pytest.raises(WeightsError, match=r"^the tower: got no heads, expected heads; give --vision-config FILE$"):
        complete(replace(whole, vision=untold.vision))
    with pytest.raises(WeightsError, match="got no vision tower and no language model, expected the three parts"):
        complete(replace(whole, vision=None, language=None))


@pytest.mark.parametrize("name", ["vision", "projector", "language"])
def test_a_source_without_the_part_that_is_asked_of_it_is_refused(whole: Published, name: str) -> None:
    empty = Published(layout="peft_adapter", tensors={})
    with pytest.raises(
        WeightsError, match=rf"^--{name}: got weights of the layout peft_adapter, without a .*; give --"
    ):
        complete(whole, **{name: empty})


def test_parts_that_do_not_fit_are_refused(whole: Published, published: dict[str, Published]) -> None:
    assert whole.vision is not None
    assert whole.language is not None
    vision = replace(whole.vision, config={**whole.vision.config, "hidden_size": 32})
    with pytest.raises(WeightsError) as error:
        complete(whole, vision=replace(published["vision"], vision=vision))
    assert error.value.text().startswith(
        "the projector: got one that reads features of width 24, expected width 32, as the vision tower has; "
        "give parts that were trained together: --projector, or --vision FOLDER"
    )
    language = replace(whole.language, config={**whole.language.config, "hidden_size": 64})
    with pytest.raises(WeightsError, match="got one that gives embeddings of width 48, expected width 64, as the lang"):
        complete(whole, language=replace(published["language"], language=language))


@pytest.mark.parametrize(("layer", "fits"), [(-99, False), (-5, False), (-4, True), (3, True), (4, False)])
def test_a_projector_reads_a_layer_that_the_tower_has(whole: Published, layer: int, *, fits: bool) -> None:
    assert whole.projector is not None
    projector = replace(whole.projector, feature_layer=layer)
    if fits:
        assert complete(replace(whole, projector=projector)).projector.feature_layer == layer
        return
    expected = rf"^the projector: the feature layer: got {layer}, expected -4 to 3, as a vision tower of 3 layers has"
    with pytest.raises(WeightsError, match=expected):
        complete(replace(whole, projector=projector))


def test_changes_are_joined_into_their_part(whole: Published) -> None:
    assert whole.language is not None
    own = whole.language.tensors[QUERY].compute()
    parts = complete(replace(whole, adapters=(change(0.5),)))
    torch.testing.assert_close(parts.language.tensors[QUERY].compute(), own + 0.5)
    assert parts.vision.tensors.keys() == (whole.vision and whole.vision.tensors.keys())


def test_changes_that_came_with_a_given_part_are_joined_before_the_weights_own(
    whole: Published, published: dict[str, Published]
) -> None:
    given = replace(published["language"], adapters=(replace(change(0.5), replaced={QUERY: constant(2.0, 48, 48)}),))
    parts = complete(replace(whole, adapters=(change(0.25),)), language=given)
    torch.testing.assert_close(parts.language.tensors[QUERY].compute(), torch.full((48, 48), 2.75))
    others = complete(whole, vision=replace(published["vision"], adapters=(change(0.5),)))
    assert whole.language is not None
    torch.testing.assert_close(others.language.tensors[QUERY].compute(), whole.language.tensors[QUERY].compute())


def test_what_nobody_takes_is_named_with_the_changes_that_nobody_joins(whole: Published) -> None:
    names = [f"model.mm_projector.{layer}.{kind}" for layer in (0, 2) for kind in ("weight", "bias")]
    assert unused(whole, ["projector"], "why", joins=False) == dict.fromkeys(names, "why")
    with_change = replace(whole, adapters=(replace(change(0.5), replaced={QUERY: constant(2.0, 48, 48)}),))
    assert unused(with_change, ["projector"], "why", joins=False) == dict.fromkeys(names, "why")
    language = unused(with_change, ["language"], "why", joins=False).keys()
    assert {"constant 1.0", "constant 2.0", QUERY} < language
    assert unused(with_change, ["language"], "why", joins=True).keys() == language - {"constant 1.0", "constant 2.0"}
    assert unused(whole, [], "why", joins=False) == {}
