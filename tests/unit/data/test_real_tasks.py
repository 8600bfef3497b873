"""Tasks on the real published files: every question is read, and the numbers are the published ones."""

import os
from collections import Counter
from pathlib import Path

import pytest

from doctorsun.data.readers.item import Dropped
from doctorsun.data.task_reader import find_files, open_task
from doctorsun.eval.tasks import task_named

DATA = Path(os.environ.get("DOCTORSUN_TEST_DATA", "none"))
EXAMPLES = Path(__file__).parents[3] / "examples/tasks"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="DOCTORSUN_TEST_DATA names no folder of real data")


@pytest.mark.parametrize(
    ("name", "folder", "kinds", "dropped"),
    [
        ("vqa_rad", "vqa_rad", {"closed": 272, "open": 179}, {}),
        ("slake_en", "slake_qa_text", {"open": 645, "closed": 416}, {}),
        ("slake_zh", "slake_qa_text", {"open": 613, "closed": 420}, {}),
        ("pubmedqa", "pubmedqa", {"mcq": 500}, {"not_asked": 500}),
        (
            "cmexam",
            "cmexam_val",
            {"mcq": 6596, "mcq_multi": 210},
            {"option_letters": 3, "no_answer": 1, "ambiguous_answer": 1},
        ),
        ("cmmlu_medical", "cmmlu_medical", {"mcq": 1941}, {}),
        ("medqa_us", "medxpertqa_inputs", {"mcq": 1273}, {}),
        ("mmlu_medical_6", "medxpertqa_inputs", {"mcq": 1089}, {}),
        ("medxpertqa_text", "medxpertqa_inputs", {"mcq": 244}, {}),
        ("zhongjing_safety", "zhongjing_cmtmedqa", {"open": 144}, {"not_asked": 1000}),
        *(
            (str(EXAMPLES / f"{name}.yaml"), "medxpertqa_inputs", {"mcq": number}, {})
            for name, number in (
                ("medqa_inputs", 1273),
                ("mmlu_medical_inputs", 1089),
                ("medxpertqa_text_sampled", 244),
            )
        ),
    ],
)
def test_every_published_question_is_asked(
    name: str, folder: str, kinds: dict[str, int], dropped: dict[str, int]
) -> None:
    task = task_named(name)
    reader = open_task(task, find_files(task, DATA / folder))
    items = [reader.make(pending) for pending in reader.pending()]
    samples = [sample for item in items if not isinstance(item, Dropped) for sample in item]
    assert Counter(sample.answer.kind for sample in samples if sample.answer) == kinds
    assert Counter(item.reason for item in items if isinstance(item, Dropped)) == dropped
    assert len({sample.id for sample in samples}) == len(samples)
    assert {sample.language for sample in samples} == set(task.languages)


@pytest.mark.parametrize("name", ["medqa_us", "mmlu_medical_6", "medxpertqa_text"])
def test_a_page_of_ones_own_reads_what_the_shipped_one_does(name: str) -> None:
    own = {"medqa_us": "medqa_inputs", "mmlu_medical_6": "mmlu_medical_inputs"}.get(name, "medxpertqa_text_sampled")
    read: list[list[object]] = []
    for task in (task_named(name), task_named(str(EXAMPLES / f"{own}.yaml"))):
        reader = open_task(task, find_files(task, DATA / "medxpertqa_inputs"))
        items = [reader.make(pending) for pending in reader.pending()]
        read.append(
            [(each.answer, each.messages[0].text) for item in items if isinstance(item, tuple) for each in item]
        )
    assert read[0] == read[1]
