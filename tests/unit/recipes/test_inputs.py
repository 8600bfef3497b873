"""What steps are made from: runs of earlier versions go on, and new settings count where they are given."""

from pathlib import Path
from typing import Any

import pytest

from doctorsun.config import load_recipe
from doctorsun.recipes import SHIPPED
from doctorsun.recipes.inputs import start_inputs
from doctorsun.recipes.record import differing_keys, open_record, training_part, update_record

STORES = {"documents/train": "d" * 64, "phantom/train": "e" * 64, "shapes/train": "f" * 64}
EARLIER = {"preset": "micro", "init": None, "tokenizer": {"vocab_size": 600}, "fit": "crop"}
"""The network of ``micro`` as versions without parts recorded it."""


def changes(earlier: dict[str, Any], *settings: str) -> list[str]:
    recipe = load_recipe("micro", overrides=settings, search=SHIPPED)
    return sorted(differing_keys(earlier, start_inputs(recipe, STORES)))


def test_a_start_that_an_earlier_version_recorded_is_still_the_same() -> None:
    assert changes({"model": EARLIER, "seed": 7, "stores": STORES}) == []
    taken = {"model": {**EARLIER, "init": "weights"}, "seed": 7, "stores": {}}
    assert changes(taken, "model.init=weights") == []


@pytest.mark.parametrize(
    ("setting", "change"),
    [
        ("model.chat=llama3", "model.chat"),
        ("model.vision_config=tower.json", "model.vision_config"),
        ("model.fit=crop", "fit"),
        ("model.init=hf:o/n", "model.init"),
    ],
)
def test_what_is_said_of_weights_is_part_of_the_start(setting: str, change: str) -> None:
    taken = {"model": {**EARLIER, "init": "weights"}, "seed": 7, "stores": {}}
    assert changes(taken, "model.init=weights", setting) == [change]


def test_a_run_that_an_earlier_version_began_goes_on(tmp_path: Path) -> None:
    recipe = load_recipe("micro", search=SHIPPED)
    record = open_record(tmp_path / "run", recipe)
    update_record(tmp_path / "run", record, recipe={**record["recipe"], "model": EARLIER})
    again = open_record(tmp_path / "run", recipe)
    assert training_part(again["recipe"])["model"]["preset"] == "micro"
