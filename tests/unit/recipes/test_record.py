import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from doctorsun.config import Recipe, load_recipe
from doctorsun.errors import DataError, RecipeError
from doctorsun.recipes import SHIPPED
from doctorsun.recipes.record import (
    close_record,
    differing_keys,
    is_finished,
    only_one,
    open_record,
    read_record,
    update_record,
)

MICRO = load_recipe("micro", search=SHIPPED)


def changed(**changes: Any) -> Recipe:
    return MICRO.model_copy(update=changes)


def test_a_new_record_says_what_the_run_is(tmp_path: Path) -> None:
    record = open_record(tmp_path / "run", MICRO)
    assert record == json.loads((tmp_path / "run/run.json").read_text())
    assert (record["recipe_name"], record["seed"]) == ("micro", MICRO.seed)
    assert Recipe.model_validate(record["recipe"]) == MICRO
    assert set(record["versions"]) >= {"doctorsun", "python", "torch", "transformers"}
    assert not is_finished(record)


def test_a_run_goes_on_with_its_record_and_ends(tmp_path: Path) -> None:
    update_record(tmp_path, open_record(tmp_path, MICRO), machine={"cores": 2})
    record = open_record(tmp_path, MICRO)
    assert record["machine"] == {"cores": 2}
    close_record(tmp_path, record)
    assert is_finished(read_record(tmp_path))


def test_no_run_is_not_finished(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None
    assert not is_finished(None)


def test_another_recipe_is_refused_with_the_keys_that_differ(tmp_path: Path) -> None:
    open_record(tmp_path / "run", MICRO)
    stages = dict(MICRO.stages)
    stages["align"] = stages["align"].model_copy(update={"steps": 5})
    expected = r"run holds a run of another recipe: got other values for seed, stages\.align\.steps, expected what"
    with pytest.raises(RecipeError, match=expected):
        open_record(tmp_path / "run", changed(seed=8, stages=stages))


@pytest.mark.parametrize(
    "setting",
    [
        "evaluation.max_tokens=3",
        "evaluation.tasks=null",
        "dialogues=null",
        "name=other",
        "description=other",
        "data.root=other",
        "data.sources.phantom.num_images.test=9",
        "data.sources.held={reader: phantom, num_images: {test: 3}}",
    ],
)
def test_what_training_does_not_read_may_change_and_opens_the_run_again(tmp_path: Path, setting: str) -> None:
    close_record(tmp_path, open_record(tmp_path, MICRO))
    other = load_recipe("micro", overrides=[setting], search=SHIPPED)
    record = open_record(tmp_path, other)
    assert not is_finished(record)
    assert Recipe.model_validate(record["recipe"]) == other
    assert record == read_record(tmp_path)


@pytest.mark.parametrize(
    ("setting", "key"),
    [
        ("precision=bf16", "precision"),
        ("model.fit=pad", "model.fit"),
        ("data.sources.phantom.num_images.train=9", "data.sources.phantom.num_images.train"),
        ("data.sources.phantom.modalities=[fundus]", "data.sources.phantom.modalities"),
        ("stages.align.save_every_steps=9", "stages.align.save_every_steps"),
    ],
)
def test_what_training_reads_may_not_change(tmp_path: Path, setting: str, key: str) -> None:
    open_record(tmp_path, MICRO)
    with pytest.raises(RecipeError, match=f"got other values for {key}, expected"):
        open_record(tmp_path, load_recipe("micro", overrides=[setting], search=SHIPPED))


def test_the_folder_of_raw_files_may_not_change_where_training_reads_it(tmp_path: Path) -> None:
    old, new = (load_recipe("vqa-rad", overrides=[f"data.root={name}"], search=SHIPPED) for name in ("old", "new"))
    open_record(tmp_path, old)
    with pytest.raises(RecipeError, match=r"got other values for data\.root, expected"):
        open_record(tmp_path, new)


def test_a_run_does_not_start_among_other_files(tmp_path: Path) -> None:
    (tmp_path / "stores").mkdir()
    (tmp_path / ".lock").touch()
    (tmp_path / "weights").mkdir()
    (tmp_path / "notes.txt").touch()
    expected = "holds no run: got other files, the first notes.txt, expected an empty folder, or that of a run; name"
    with pytest.raises(RecipeError, match=expected):
        open_record(tmp_path, MICRO)
    assert not (tmp_path / "run.json").exists()


def test_a_run_starts_beside_stores_that_were_built_before(tmp_path: Path) -> None:
    (tmp_path / "stores").mkdir()
    (tmp_path / ".run.json.unfinished").touch()
    assert not is_finished(open_record(tmp_path, MICRO))


def test_keys_that_only_one_recipe_has_differ() -> None:
    old, new = {"a": {"b": 1, "c": [1]}, "d": 2}, {"a": {"b": 1, "c": [2]}, "e": 3}
    assert sorted(differing_keys(old, new)) == ["a.c", "d", "e"]


def test_keys_that_an_earlier_version_did_not_have_are_as_not_given() -> None:
    old = {"mixture": [{"source": "a"}], "steps": 1}
    assert list(differing_keys(old, {"mixture": [{"source": "a", "domains": None}], "steps": 1, "ratios": None})) == []
    assert list(differing_keys(old, {"mixture": [{"source": "a", "domains": ["general"]}], "steps": 1})) == ["mixture"]
    assert list(differing_keys(old, {"mixture": [*old["mixture"]] * 2, "steps": 1})) == ["mixture"]


@pytest.mark.parametrize("content", ['{"recipe": {', "[]", "{}"])
def test_a_damaged_record_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(DataError, match=r"run\.json: got .*, expected the record of a run; remove the run's folder"):
        open_record(tmp_path, MICRO)


HOLD = """
import sys
from pathlib import Path
from doctorsun.recipes.record import only_one
with only_one(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_kept_out_until_the_first_is_gone_however_it_dies(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        expected = r"is in use: got another doctorsun process at work in it, expected one at a time; wait for it"
        with pytest.raises(RecipeError, match=expected), only_one(tmp_path):
            pass
        holder.kill()
    with only_one(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    expected = r"cannot write to .*run: got Not a directory; name another folder with --out"
    with pytest.raises(RecipeError, match=expected), only_one(tmp_path / "file" / "run"):
        pass
