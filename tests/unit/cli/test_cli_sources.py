"""Commands that bring published data into stores: what they print, and what the store keeps of them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from doctorsun.cli.main import app
from doctorsun.cli.session import Session
from doctorsun.data.missing import MISSING_IMAGES
from doctorsun.storage.store import store_steps


def output(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments, obj=Session("en"), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def annotations(tmp_path: Path) -> Path:
    turns = [{"from": "human", "value": "<image>\n这是什么?"}, {"from": "gpt", "value": "胸片。"}]
    path = tmp_path / "data.json"
    path.write_text(json.dumps([{"image": "gone.jpg", "conversations": turns}]))
    return path


def test_an_import_tells_how_many_images_are_missing(annotations: Path, tmp_path: Path):
    told = json.loads(output("data", "import", "llava", str(annotations), "--out", str(tmp_path / "store"), "--json"))

    assert (told["samples"], told["zh"], told["dropped"], told["missing images"]) == (1, 1, 0, 1)
    assert "gone.jpg" in (tmp_path / "store" / MISSING_IMAGES).read_text()


def test_the_sampling_ratios_of_a_list_stand_in_the_store(annotations: Path, tmp_path: Path):
    listed = tmp_path / "list.json"
    listed.write_text('{"A": {"annotations": "data.json", "sample_ratio": 0.05},}')
    output("data", "import", "gmai", str(listed), "--out", str(tmp_path / "listed"))
    output("data", "import", "gmai", str(annotations), "--out", str(tmp_path / "plain"))

    (step,) = store_steps(tmp_path / "listed")
    assert step["sample_ratios"] == {"gmai_vl_5_5m/A": 0.05}
    assert "sample_ratios" not in store_steps(tmp_path / "plain")[0]


def test_the_list_of_adapters_names_the_licences_of_each():
    rows = {row["adapter"]: row for row in json.loads(output("data", "adapter", "list", "--json"))}

    assert rows["pannuke"]["licence"] == "CC-BY-NC-SA-4.0"
    assert rows["isic_archive"]["licence"] == "CC0-1.0 or CC-BY-4.0 or CC-BY-NC-4.0"
