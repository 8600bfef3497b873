"""Weights ask for keys where a recipe names them, and for options of the command line nowhere."""

import re
from pathlib import Path
from typing import Any

import pytest

from doctorsun.config.document import read_document
from doctorsun.config.model import ModelSection
from doctorsun.errors import DoctorSunError, RecipeError, WeightsError
from doctorsun.recipes.asked import asked_as_keys

INIT, PARTS = {"init": "in"}, {"vision": "tower", "language": "llm"}
RECIPE = "name: test\nmodel:\n  init: in\n  vision_config: heads.json\n"


def complaint(model: dict[str, Any], error: DoctorSunError) -> DoctorSunError:
    with pytest.raises(DoctorSunError) as caught, asked_as_keys(ModelSection(**model), None):
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("model", "what", "do", "text"),
    [
        (INIT, "the tower", "give --vision-config FILE (its config.json)",
         "model.vision_config: the tower; give model.vision_config: FILE (its config.json)"),
        (INIT, "the chat", "say --chat with one of plain", "model.chat: the chat; say model.chat with one of plain"),
        (INIT, "--chat", "say it", "model.chat: None; say it"),
        (INIT | {"vision_config": "a.json"}, "--vision-config: heads", "", "model.vision_config: heads"),
        (INIT | {"vision_config": "a.json"}, "--vision-config a.json", "", "model.vision_config: a.json"),
        (INIT | {"vision_config": "a.json"}, "--vision-config", "give --vision-config FILE",
         "model.vision_config: a.json; give model.vision_config: FILE"),
        (PARTS, "clip", "give --vision FOLDER or --vision hf:o/n",
         "model.vision: clip; give model.vision: FOLDER or model.vision: hf:o/n"),
    ],
)  # fmt: skip
def test_an_option_is_said_as_a_key(model: dict[str, Any], what: str, do: str, text: str) -> None:
    told = complaint(model, WeightsError(what, do=do))
    assert isinstance(told, RecipeError)
    assert told.text() == text


@pytest.mark.parametrize(
    ("model", "do", "command"),
    [
        (INIT, "give --projector FILE", "in OUT --projector FILE"),
        (INIT, "give --vision FOLDER or --vision hf:o/n; and give --vision-config FILE (its own)",
         "in OUT --vision FOLDER --vision-config FILE"),
        ({"init": "in here"}, "say --rope-scaling", "'in here' OUT --rope-scaling"),
        (PARTS, "say --dtype bfloat16", "tower OUT --language llm --dtype"),
        (PARTS, "give --lora-alpha vision=N --lora-alpha language=N",
         "tower OUT --language llm --lora-alpha vision=N --lora-alpha language=N"),
    ],
)  # fmt: skip
def test_what_no_key_says_is_said_to_an_import(model: dict[str, Any], do: str, command: str) -> None:
    key = next(iter(model))
    told = complaint(model, WeightsError("a", do=do)).text()
    assert told == f"model.{key}: a; {do}: 'doctorsun weights import {command}' takes it; then say init: OUT"


def test_every_side_of_two_complaints_is_said_as_keys() -> None:
    swapped = WeightsError(
        "a", got="no tower and --language: one without a model", expected="--vision", do="say --chat"
    )
    told = complaint(PARTS, swapped).text()
    assert told == (
        "model.chat: a: got no tower and model.language: one without a model, expected model.vision; say model.chat"
    )


def test_other_faults_stay_what_they_are() -> None:
    error = WeightsError("in/model.safetensors", got="an end after 3 bytes", do="copy the file again")
    assert complaint(INIT, error) is error


def test_the_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    document = read_document(tmp_path / "recipe.yaml")
    expected = re.escape(f"{tmp_path}/recipe.yaml:4:18: model.vision_config: heads: got 3")
    with pytest.raises(RecipeError, match=expected), asked_as_keys(ModelSection(init="in"), document):
        raise WeightsError("--vision-config: heads", got="3")
