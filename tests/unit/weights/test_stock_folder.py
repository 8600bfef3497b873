from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from checkpoints.three_parts import three_parts
from doctorsun.errors import WeightsError
from doctorsun.weights.lazy import LazyTensor
from doctorsun.weights.parts import Parts
from doctorsun.weights.stock_folder import in_type, portable_tensors, stock_folder
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.tensor_files import TensorHeader


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    return three_parts(tmp_path_factory.mktemp("parts"))


def holding(value: float, dtype: NumberType) -> dict[str, LazyTensor]:
    return {"a": LazyTensor(TensorHeader(dtype, (2,)), lambda: torch.tensor([0.5, value], dtype=dtype.torch), ())}


def without(parts: Parts, name: str, part: Any) -> Parts:
    tensors = {each: tensor for each, tensor in part.tensors.items() if each != name}
    return replace(parts, language=replace(part, tensors=tensors))


def test_all_tensors_have_the_type_of_the_language_model(parts: Parts) -> None:
    stock = stock_folder(parts)
    assert {tensor.header.dtype for tensor in stock.tensors.values()} == {NumberType.BFLOAT16}
    assert stock.dtype == NumberType.BFLOAT16
    assert {tensor.compute().dtype for tensor in stock.tensors.values()} == {torch.bfloat16}
    assert stock_folder(parts, dtype=NumberType.FLOAT32).dtype == NumberType.FLOAT32


def test_names_are_those_on_disk(parts: Parts) -> None:
    names = portable_tensors(parts)
    assert names["vision_tower.vision_model.pre_layrnorm.bias"].sources == ("vision_model.pre_layrnorm.bias",)
    assert names["multi_modal_projector.linear_1.bias"].sources == ("model.mm_projector.0.bias",)
    assert names["language_model.lm_head.weight"].sources == ("lm_head.weight",)
    assert len(names) == sum(len(part.tensors) for part in (parts.vision, parts.projector, parts.language))


def test_a_type_that_not_every_engine_computes_in_is_refused(parts: Parts) -> None:
    with pytest.raises(WeightsError) as error:
        stock_folder(parts, dtype=NumberType.FLOAT64)
    assert error.value.text() == (
        "the type of the tensors: got float64, expected float16, bfloat16 or float32; name one of them with --dtype"
    )


@pytest.mark.parametrize("dtype", [NumberType.FLOAT32, NumberType.BFLOAT16])
def test_a_value_that_float16_cannot_hold_is_refused(dtype: NumberType) -> None:
    with pytest.raises(WeightsError, match=r"^a: got a value of 7\d+, expected values that float16 holds; say --d"):
        in_type(holding(70_000.0, dtype), NumberType.FLOAT16)["a"].compute()
    assert in_type(holding(60_000.0, dtype), NumberType.FLOAT16)["a"].compute().isfinite().all()


def test_whole_numbers_stay_as_they_are() -> None:
    whole = holding(3, NumberType.INT8)
    assert in_type(whole, NumberType.FLOAT16) == whole


def test_values_that_are_infinite_already_stay() -> None:
    assert in_type(holding(float("inf"), NumberType.FLOAT32), NumberType.FLOAT16)["a"].compute()[1] == float("inf")
    assert in_type(holding(float("nan"), NumberType.FLOAT32), NumberType.FLOAT16)["a"].compute()[1].isnan()


def test_a_tensor_that_is_missing_or_strange_is_refused(parts: Parts) -> None:
    name = "model.layers.1.mlp.up_proj.weight"
    with pytest.raises(WeightsError) as error:
        stock_folder(without(parts, name, parts.language))
    assert error.value.text() == (
        f"tensor language_model.{name}: got none of this name, expected bfloat16 [80, 48]; "
        "check that the parts belong together and that nobody edited config.json"
    )
    strange = replace(
        parts.vision, tensors={**parts.vision.tensors, "vision_model.x": holding(1, NumberType.FLOAT32)["a"]}
    )
    with pytest.raises(WeightsError, match=r"tensor vision_tower.vision_model.x: got bfloat16 \[2\], expected none of"):
        stock_folder(replace(parts, vision=strange))


def test_a_language_model_without_a_tokenizer_is_refused(parts: Parts, tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as error:
        stock_folder(replace(parts, language=replace(parts.language, tokenizer_folder=None)))
    assert error.value.text() == (
        "the language model: got no tokenizer beside it, expected tokenizer.json, tokenizer.model, or vocab.json and "
        "merges.txt; give the folder of the language model that it was trained from with --tokenizer"
    )
    with pytest.raises(WeightsError, match=f"{tmp_path}"):
        stock_folder(replace(parts, language=replace(parts.language, tokenizer_folder=tmp_path)))


def test_what_was_decided_is_noted(parts: Parts) -> None:
    padded = replace(parts, projector=replace(parts.projector, fit="pad"))
    assert stock_folder(padded, chat="vicuna_v1").notes == {
        "added_rows": 15,
        "added_tokens": {"<image>": 305, "<pad>": 306},
        "chat": "vicuna_v1",
        "dtype": "bfloat16",
        "fit": "pad",
        "strange": [],
        "tied": False,
    }
    unsaid = replace(parts, projector=replace(parts.projector, fit=None, feature_layer=None))
    assert stock_folder(unsaid).notes["fit"] == "crop"
    assert stock_folder(unsaid).notes["strange"] == [
        "nothing says how images entered: crop is taken; --fit pad if they were padded to squares",
        "nothing says which layer of the tower the projector reads: -2 is taken, as LLaVA-1.5 does",
    ]
    assert stock_folder(unsaid).config.vision_feature_layer == -2


def test_settings_that_nobody_says_are_noted_with_what_is_taken(parts: Parts) -> None:
    silent = {name: value for name, value in parts.language.config.items() if name != "rms_norm_eps"}
    stock = stock_folder(replace(parts, language=replace(parts.language, config=silent)))
    taken = stock.config.text_config.rms_norm_eps
    assert stock.notes["strange"] == [
        f"nothing says rms_norm_eps: {taken} is taken, as transformers does; --text-config if it was another"
    ]


def test_ids_that_the_configuration_does_not_say_are_the_tokenizers(parts: Parts) -> None:
    settings = {name: value for name, value in parts.language.config.items() if not name.endswith("_token_id")}
    text = stock_folder(replace(parts, language=replace(parts.language, config=settings))).config.text_config
    assert (text.bos_token_id, text.eos_token_id, text.pad_token_id) == (300, [301, 304], 306)
    assert stock_folder(parts).config.text_config.eos_token_id == [301, 304]


def test_ids_of_another_tokenizer_are_told_and_not_kept(parts: Parts) -> None:
    another = {"bos_token_id": 17, "eos_token_id": 287}
    settings = {**parts.language.config, **another}
    stock = stock_folder(replace(parts, language=replace(parts.language, config=settings, generation=another)))
    assert stock.notes["strange"] == [
        "config.json names bos 17, the tokenizer 300",
        "config.json names eos 287, the tokenizer 304, 301",
        "generation_config.json names bos 17, the tokenizer 300",
        "generation_config.json names eos 287, the tokenizer 304, 301",
    ]
    text = stock.config.text_config
    assert (text.bos_token_id, set(text.eos_token_id)) == (300, {301, 304})
    assert (stock.generation["bos_token_id"], stock.generation["eos_token_id"]) == (300, text.eos_token_id)
