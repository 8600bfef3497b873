"""Errors and reasons of the commands on data, told in Chinese with their values."""

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from doctorsun.cli.data_words import DATA_ERRORS, part_of_error, why_not_written
from doctorsun.cli.reason_words import DATA_REASONS
from doctorsun.cli.source_words import SETTING_ERRORS, SOURCE_ERRORS
from doctorsun.cli.words import say_error
from doctorsun.config.collection import ImportSource
from doctorsun.config.curation import Curation
from doctorsun.data import deidentify
from doctorsun.data.collect import open_source
from doctorsun.data.curate.inputs import Inputs
from doctorsun.data.deidentify.folder import TABLE
from doctorsun.data.deidentify.found_files import NOWHERE, OUTSIDE, found_files
from doctorsun.data.deidentify.options import kept_by
from doctorsun.data.task_reader import find_files
from doctorsun.errors import DoctorSunError
from doctorsun.eval.tasks.load import task_named
from doctorsun.recipes.curation import CurationJob, carry_out, load_settings

LATIN_SENTENCE = re.compile(r"[a-z]+ [a-z]+ [a-z]+")


def curated_into_its_source(folder: Path) -> None:
    job = CurationJob(sources=[str(folder)], out=folder / "new", settings=Curation())
    carry_out(job, language="zh", on_progress=lambda *_: None, tell=lambda _: None)


def imported(folder: Path, table: str, **given: object) -> None:
    (folder / "a.csv").write_text(table)
    settings = {"format": "questions", "path": str(folder / "a.csv")} | given
    reader = open_source(ImportSource.model_validate(settings))
    for each in reader.pending():
        reader.make(each)


def two_faults(folder: Path) -> None:
    (folder / "a.yaml").write_text("smalest_side: {}\naspect: 7\n")
    load_settings(folder / "a.yaml", [])


def stores_nearby(folder: Path) -> None:
    for name in ("one or two", "three"):
        (folder / name).mkdir()
        (folder / name / "manifest.json").write_text("{}")
    Inputs([folder])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda folder: found_files(folder / "none"),
        lambda folder: Inputs([folder / "none"]),
        lambda folder: Inputs([folder]),
        curated_into_its_source,
        lambda _: load_settings(None, ["noncommercial"]),
        lambda _: kept_by(["names"]),
        lambda folder: imported(folder, "question,answer\n1,2,3\n"),
        lambda folder: imported(folder, "q,answer\n1,2\n"),
        lambda folder: imported(folder, ""),
        lambda folder: imported(folder, "question,answer\n1,2\n", images=[str(folder / "none")]),
        lambda folder: imported(folder, "question,answer\n1,2\n", format="exm"),
        lambda folder: find_files(task_named("vqa_rad"), folder),
        lambda _: task_named("vqarad"),
        two_faults,
        lambda folder: load_settings(folder / "none.yaml", []),
    ],
    ids=[
        *("nothing there", "no folder", "no store", "own source", "licence", "keep", "values", "column", "empty table"),
        *("images", "format", "task files", "task", "two faults", "no page"),
    ],
)
def test_what_a_user_meets_first_is_told_in_chinese_alone(wrong: Callable[[Path], object], tmp_path: Path):
    with pytest.raises(DoctorSunError) as raised:
        wrong(tmp_path)
    told = say_error(raised.value, "zh").replace(str(tmp_path), "")
    assert not LATIN_SENTENCE.search(re.sub(r"'[^']*'", "", told)), told


def test_a_name_that_holds_a_conjunction_stays_as_it_is(tmp_path: Path):
    with pytest.raises(DoctorSunError) as raised:
        stores_nearby(tmp_path)
    assert say_error(raised.value, "zh").endswith(f"是否想用其中之一：{tmp_path}/one or two, {tmp_path}/three？")


def test_the_sentence_with_the_most_words_of_its_own_is_meant():
    assert part_of_error("no manifest.json in it", "zh") == "其中没有 manifest.json"
    assert part_of_error("get the file anew: it is damaged", "zh") == "请重新获取文件：它已损坏"
    assert part_of_error("2 refused and 3 written of 5 files", "zh") == "5 个文件中，2 个被拒绝，3 个已写入"


def test_values_are_taken_over_and_the_unknown_stays():
    assert part_of_error("no room on the disk for /a b/c", "zh") == "磁盘空间不足，无法写入 /a b/c"
    assert part_of_error("no room on the disk for /a b/c", "en") == "no room on the disk for /a b/c"
    assert part_of_error("the moon is full", "zh") == "the moon is full"


def test_reasons_are_told_in_chinese():
    for reason in (OUTSIDE, "cannot be read (OSError)", "damaged (ValueError)"):
        assert re.match("[\u4e00-\u9fff]", why_not_written(reason, "zh"))
        assert why_not_written(reason, "en") == reason


def refusals() -> list[str]:
    """Return every reason that stands in the code of de-identification, with a value in the place of each name."""
    calls = [
        node
        for path in sorted(Path(deidentify.__file__).parent.glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refusal"
    ]
    texts = [call.args[0] for call in calls if isinstance(call.args[0], ast.Constant | ast.JoinedStr)]
    return [re.sub(r"\{[^}]*\}", "ValueError", ast.unparse(text).strip("f\"'")) for text in texts]


def test_every_reason_of_deidentification_is_told_in_chinese():
    reasons = [*refusals(), TABLE, OUTSIDE, NOWHERE]
    assert len(reasons) > 45
    told = {reason: why_not_written(reason, "zh") for reason in reasons}
    assert {reason: words for reason, words in told.items() if not re.search("[\u4e00-\u9fff]", words)} == {}
    assert [words for words in told.values() if LATIN_SENTENCE.search(words)] == []


@pytest.mark.parametrize(
    "table",
    [DATA_ERRORS, DATA_REASONS, SETTING_ERRORS, SOURCE_ERRORS],
    ids=["errors", "reasons", "settings", "sources"],
)
def test_both_languages_hold_the_same_values(table: dict[str, str]):
    for english, chinese in table.items():
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", chinese)), english
