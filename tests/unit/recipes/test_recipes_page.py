"""docs/recipes.md says what the code does: its recipe passes, and its tables hold every key with its default."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from doctorsun.config import load_recipe
from doctorsun.config.data import DataSection, PhantomSource, PhantomTextSource, ShapesSource, StoreSource, VqaRadSource
from doctorsun.config.evaluation import DialogueSection, EvaluationSection, TaskSection
from doctorsun.config.model import ModelSection, TokenizerSection
from doctorsun.config.recipe import STAGE_ORDER, Recipe
from doctorsun.config.shape import alternatives
from doctorsun.config.stage import (
    LoraSection,
    MixtureEntry,
    PartSection,
    RatioSection,
    StageSection,
    ValidationSection,
)
from doctorsun.config.telemetry import TelemetrySection, WandbSection
from doctorsun.data.offers import PHANTOM, PHANTOM_TEXT, SHAPES
from doctorsun.model.presets import PRESETS
from doctorsun.recipes import SHIPPED
from doctorsun.recipes.check import load_checked

PAGE = (Path(__file__).parents[3] / "docs/recipes.md").read_text(encoding="utf-8")
SECTIONS: dict[str, type[BaseModel]] = {
    "The recipe": Recipe,
    "model": ModelSection,
    "model.tokenizer": TokenizerSection,
    "data": DataSection,
    "reader: phantom": PhantomSource,
    "reader: shapes": ShapesSource,
    "reader: phantom_text": PhantomTextSource,
    "reader: vqa_rad": VqaRadSource,
    "reader: store": StoreSource,
    "stages.NAME": StageSection,
    "stages.NAME.validation": ValidationSection,
    "stages.NAME.trainable.PART": PartSection,
    "stages.NAME.trainable.PART.lora": LoraSection,
    "stages.NAME.mixture": MixtureEntry,
    "stages.NAME.ratios": RatioSection,
    "evaluation": EvaluationSection,
    "evaluation.tasks.NAME": TaskSection,
    "dialogues": DialogueSection,
    "telemetry": TelemetrySection,
    "telemetry.wandb": WandbSection,
}


def part(title: str) -> str:
    """Return what stands under a title, up to the next one."""
    found = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"the page has no part '{title}'"
    return found[1]


def default_of(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value: Any = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "its defaults"
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, float):
        return f"{value:g}"
    return {"None": "none", "{}": "none", "": "empty"}.get(str(value), str(value))


def models_below(model: type[BaseModel]) -> set[type[BaseModel]]:
    below = {model}
    waiting = [field.annotation for field in model.model_fields.values()]
    while waiting:
        for each in alternatives(waiting.pop()):
            if isinstance(each, type) and issubclass(each, BaseModel):
                below |= models_below(each)
            else:
                waiting += getattr(each, "__args__", ())
    return below


def test_every_section_of_a_recipe_has_its_part() -> None:
    assert models_below(Recipe) == set(SECTIONS.values())


@pytest.mark.parametrize(("title", "model"), SECTIONS.items())
def test_every_key_stands_in_its_table_with_its_default(title: str, model: type[BaseModel]) -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|", part(title), re.MULTILINE)
    assert dict(rows) == {name: default_of(field) for name, field in model.model_fields.items()}


def test_the_recipe_of_the_page_passes_the_check(tmp_path: Path) -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        (tmp_path / "page.yaml").write_text(block, encoding="utf-8")
        assert load_checked(tmp_path / "page.yaml").stages


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("stages", STAGE_ORDER),
        ("model", PRESETS),
        ("evaluation", ["phantom", "vqa_rad", "own"]),
        ("reader: phantom", PHANTOM.tasks),
        ("reader: shapes", SHAPES.tasks),
        ("reader: phantom_text", PHANTOM_TEXT.tasks),
        ("Writing a recipe", [path.stem for path in SHIPPED.glob("*.yaml")]),
    ],
)
def test_names_that_may_be_chosen_stand_on_the_page(title: str, names: list[str]) -> None:
    text = PAGE if title == "Writing a recipe" else part(title)
    assert [name for name in names if f"`{name}`" not in text] == []


@pytest.mark.parametrize("setting", re.findall(r"--set '?([a-z0-9_.]+=[^\s'`]+)", PAGE))
def test_the_settings_of_the_page_are_taken(setting: str) -> None:
    load_recipe("micro", overrides=[setting], search=SHIPPED)
