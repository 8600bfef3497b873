"""Task pages: those that come with the package, and what is said of wrong ones."""

from pathlib import Path

import pytest

from doctorsun.data.task_reader import find_files, open_task
from doctorsun.errors import RecipeError
from doctorsun.eval.prompt import prompted
from doctorsun.eval.tasks import task_named, task_names
from doctorsun.schema import Answer

ROOT = Path(__file__).parents[4]

PAGE = """name: mine
title: My questions
languages: [en]
licence: CC0-1.0
citation: Nobody.
"""


@pytest.mark.parametrize("name", task_names())
def test_each_name_finds_its_page(name: str) -> None:
    assert task_named(name).name == name


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"task: got 'vqarad', expected one of .*; did you mean 'vqa_rad'\?"):
        task_named("vqarad")


def test_other_questions_than_the_published_ones_are_told() -> None:
    task = task_named("vqa_rad")
    assert task.differences(451, {"closed": 272, "open": 179}) == []
    rows, closed, opened = task.differences(450, {"closed": 251, "open": 199})
    assert rows.startswith("vqa_rad: 450 questions, the published test set has 451; scores on another set cannot be")
    assert [closed, opened] == [
        "vqa_rad: 251 questions of kind closed, the published test set has 272",
        "vqa_rad: 199 questions of kind open, the published test set has 179",
    ]
    assert task_named("phantom").differences(3, {"closed": 3}) == []


def test_another_split_is_not_compared_with_the_published_set() -> None:
    task = task_named("cmexam")
    (told,) = task.differences(6806, {"mcq": 6806}, "validation")
    assert told.startswith("cmexam: the validation split is asked, not the published test set; ")
    (told,) = task.differences(6806, {"mcq": 6806}, "test")
    assert told.startswith("cmexam: 6,806 questions, the published test set has 6,811; ")
    assert task_named("mmmu_health_medicine").differences(150, {"mcq": 145, "open": 5}, "validation") == []


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "protocols: [polarty@1]",
            r"6:13: protocols.0: not a known value: got 'polarty@1', .*mean 'polarity@1'",
        ),
        (
            "sources: [{files: a}]",
            "6:11: sources.0: where the questions stand: got neither, expected one of format",
        ),
        (
            "sources: [{format: exam, adapter: busi, files: a}]",
            "6:11: sources.0: where the questions stand: got format and adapter",
        ),
        ("sources: [{format: exm, files: a}]", r"6:20: sources.0.format: not a known .*did you mean 'exam'\?"),
        ("sources: [{files: a, adapter: buso}]", r"6:31: sources.0.adapter: not a known value: got 'buso'"),
        ("sources: [{format: exam}]", r"6:11: sources.0.files: missing key"),
        (
            "sources: [{format: exam, files: a, columns: {}}]",
            "6:45: sources.0.columns: only of questions: got the",
        ),
        ("instructions: {en: {mcq: 'Q {frage}'}}", r"instructions.en.mcq: not a template: got {frage}, expected"),
        ("instructions: {en: {mcq: '{options}'}}", r"instructions.en.mcq: not a template: got {options}, expected"),
        ("instructions: {en: {mcp: 'x'}}", "6:21: instructions.en.mcp: unknown key"),
        ("titel: x", r"6:1: titel: unknown key: got 'titel', .*did you mean 'title'\?"),
    ],
)
def test_a_wrong_page_is_told_by_line_and_column(tmp_path: Path, lines: str, message: str) -> None:
    page = tmp_path / "mine.yaml"
    page.write_text(PAGE + lines, encoding="utf-8")
    with pytest.raises(RecipeError, match=message) as caught:
        task_named(str(page))
    assert caught.value.what.startswith(f"{page}:")


def test_a_page_of_the_users_own_is_loaded(tmp_path: Path) -> None:
    page = tmp_path / "mine.yaml"
    page.write_text(PAGE, encoding="utf-8")
    assert task_named(str(page)).title == "My questions"


@pytest.mark.parametrize("page", sorted((ROOT / "examples/tasks").glob("*.yaml")), ids=lambda page: page.stem)
def test_each_example_is_a_page(page: Path) -> None:
    assert task_named(str(page)).name == page.stem


def test_the_page_in_the_documentation_reads_such_a_table(tmp_path: Path) -> None:
    text = (ROOT / "docs/tasks.md").read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "page.yaml").write_text(text, encoding="utf-8")
    lines = [
        "id,Question,A,B,C,D,Answer,image,category,split",
        "7,Which?,x,y,z,,B,1.png,echo,test",
        "8,Which?,x,y,,,A,,echo,train",
    ]
    (tmp_path / "questions.csv").write_text("\n".join(lines), encoding="utf-8")
    task = task_named(str(tmp_path / "page.yaml"))
    reader = open_task(task, find_files(task, tmp_path))
    (item,) = [reader.make(pending) for pending in reader.pending()]
    assert isinstance(item, tuple)
    assert (item[0].answer, item[0].task) == (Answer(kind="mcq", options=("x", "y", "z"), gold=("B",)), "echo")
    assert prompted(item[0], task).messages[0].text == "Which?\nA. x\nB. y\nC. z\nAnswer with the option's letter."
