"""Sentences about an evaluation in Chinese, made from those that the program says."""

import re
import string
from pathlib import Path

import pytest

import doctorsun
from doctorsun.eval.tasks import task_named
from doctorsun.report.evaluation.told import SENTENCES, told
from doctorsun.text.language import has_han

SOURCES = [
    *(Path(doctorsun.__file__).parent / "recipes").glob("*.py"),
    Path(doctorsun.__file__).parent / "config/task.py",
]
# Neighbouring pieces of one sentence stand in several lines of the program.
PROGRAM = re.sub(r'"\s*f?"', "", " ".join(path.read_text(encoding="utf-8") for path in SOURCES))


@pytest.mark.parametrize(("english", "chinese"), SENTENCES.items())
def test_both_languages_tell_the_same_values(english: str, chinese: str) -> None:
    names = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (english, chinese)]
    assert names[0] == names[1]


@pytest.mark.parametrize("english", SENTENCES)
def test_the_program_still_says_each_piece(english: str) -> None:
    pieces = [text for text, *_ in string.Formatter().parse(english) if text]
    assert [piece for piece in pieces if piece.strip("()") not in PROGRAM] == []


def test_warnings_of_a_task_are_all_known() -> None:
    task = task_named("vqa_rad")
    lines = [*task.differences(7, {"open": 7}), *task.differences(451, {"open": 451}, "validation")]
    assert len(lines) >= 4
    for line in lines:
        assert has_han(told(line, "zh"))
        assert told(line, "zh").startswith("vqa_rad：")
        assert told(line, "en") == line


def test_values_are_taken_over_as_they_are() -> None:
    line = "slake_en: 1,061 questions lack images and count as errors where images are shown (96 images: a.jpg, ...; "
    assert told(f"{line}task.json names all)", "zh") == (
        "slake_en：1,061 题缺少图像，需要看图时计为错误（96 张图像：a.jpg, ...；task.json 列出全部）"
    )


def test_a_sentence_that_is_not_known_stays() -> None:
    assert told("something else: {x}", "zh") == "something else: {x}"
