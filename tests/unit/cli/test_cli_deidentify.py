"""The command that de-identifies: what it prints, and what it keeps to itself."""

import json
import shutil
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file
from typer.testing import CliRunner, Result

from doctorsun.cli.main import app
from doctorsun.cli.session import Session
from doctorsun.errors import DataError, RecipeError

PYDICOM = Path(get_testdata_file("CT_small.dcm")).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in" / "Jane Doe").mkdir(parents=True)
    shutil.copy(PYDICOM / "CT_small.dcm", tmp_path / "in" / "Jane Doe" / "ct.dcm")
    shutil.copy(PYDICOM / "MR_truncated.dcm", tmp_path / "in" / "Jane Doe" / "mr.dcm")
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["data", "deid", *map(str, arguments)], obj=Session("en"))


def test_it_prints_counts_and_no_names(folder: Path) -> None:
    done = run(folder / "in", "--out", folder / "out", "--key", folder / "k", "--json")
    assert isinstance(done.exception, DataError)
    assert done.exception.got == "1 refused and 1 written of 2 files"
    told = json.loads(done.stdout)
    assert (told["written"], told["refused"], told["unknown"]) == (1, 1, 0)
    assert told["not_written"] == {"damaged: it ends too early": 1}
    assert "Jane" not in done.output
    assert told["old_names"] == str(folder / "k.out.not-written.json")


def test_old_names_stand_beside_the_key_alone(folder: Path) -> None:
    done = run(folder / "in", "--out", folder / "out", "--key", folder / "k")
    listed = folder / "k.out.not-written.json"
    assert "not written because" in done.output
    assert "Jane" not in done.output
    assert listed.stat().st_mode & 0o777 == 0o600
    assert [Path(name).name for name in json.loads(listed.read_bytes()).values()] == ["mr.dcm"]


def test_what_is_chosen_is_recorded(folder: Path) -> None:
    chosen = ("--dates", "remove", "--keep", "descriptors", "--keep", "characteristics", "--without-ocr")
    run(folder / "in", "--out", folder / "out", "--key", folder / "k", "--workers", "1", *chosen)
    settings = json.loads((folder / "out" / "deidentification.json").read_bytes())["settings"]
    assert settings["options"] == {
        "dates": "remove",
        "keep": ["characteristics", "descriptors"],
        "read_pixels": False,
    }


def test_wrong_choices_are_told(folder: Path) -> None:
    done = run(folder / "in", "--out", folder / "out", "--key", folder / "k", "--keep", "names")
    assert isinstance(done.exception, RecipeError)
    done = run(folder / "in", "--out", folder / "out", "--key", folder / "out" / "k")
    assert isinstance(done.exception, DataError)
    assert not (folder / "out").exists()
