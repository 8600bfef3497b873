"""Errors and reasons of the commands on data, told in Chinese with their values."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from doctorsun.cli.data_words import DATA_ERRORS, DATA_REASONS, part_of_error, why_not_written
from doctorsun.cli.words import say_error
from doctorsun.config.curation import Curation
from doctorsun.data.curate.inputs import Inputs
from doctorsun.data.deidentify.found_files import NOWHERE, OUTSIDE, found_files
from doctorsun.data.deidentify.options import kept_by
from doctorsun.errors import DoctorSunError
from doctorsun.recipes.curation import CurationJob, carry_out, load_settings

LATIN_SENTENCE = re.compile(r"[a-z]+ [a-z]+ [a-z]+")


def curated_into_its_source(folder: Path) -> None:
    job = CurationJob(sources=[str(folder)], out=folder / "new", settings=Curation())
    carry_out(job, language="zh", on_progress=lambda *_: None, tell=lambda _: None)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda folder: found_files(folder / "none"),
        lambda folder: Inputs([folder / "none"]),
        lambda folder: Inputs([folder]),
        curated_into_its_source,
        lambda _: load_settings(None, ["noncommercial"]),
        lambda _: kept_by(["names"]),
    ],
    ids=["nothing there", "no folder", "no store", "own source", "licence", "keep"],
)
def test_what_a_user_meets_first_is_told_in_chinese_alone(wrong: Callable[[Path], object], tmp_path: Path):
    with pytest.raises(DoctorSunError) as raised:
        wrong(tmp_path)
    told = say_error(raised.value, "zh").replace(str(tmp_path), "")
    assert not LATIN_SENTENCE.search(re.sub(r"'[^']*'", "", told)), told


def test_values_are_taken_over_and_the_unknown_stays():
    assert part_of_error("no room on the disk for /a b/c", "zh") == "磁盘空间不足，无法写入 /a b/c"
    assert part_of_error("no room on the disk for /a b/c", "en") == "no room on the disk for /a b/c"
    assert part_of_error("the moon is full", "zh") == "the moon is full"


def test_reasons_are_told_in_chinese():
    for reason in (OUTSIDE, NOWHERE, "damaged: it ends too early", "damaged (ValueError)"):
        assert re.match("[\u4e00-\u9fff]", why_not_written(reason, "zh"))
        assert why_not_written(reason, "en") == reason


@pytest.mark.parametrize("table", [DATA_ERRORS, DATA_REASONS], ids=["errors", "reasons"])
def test_both_languages_hold_the_same_values(table: dict[str, str]):
    for english, chinese in table.items():
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", chinese)), english
