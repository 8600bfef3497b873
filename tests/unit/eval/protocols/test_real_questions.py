"""Three oracles on the published questions: who knows all earns exactly 1, who says nothing 0, who says A its share."""

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from doctorsun.data.readers.item import Dropped
from doctorsun.data.task_reader import find_files, open_task
from doctorsun.eval.protocols import protocol_for, protocols_for
from doctorsun.eval.tasks import task_named
from doctorsun.schema import Prediction

DATA = Path(os.environ.get("DOCTORSUN_TEST_DATA", ""))
# Task, folder, closed, open, single choices, several choices.
SETS = [
    ("vqa_rad", "vqa_rad", 272, 179, 0, 0),
    ("slake_en", "slake_qa_text", 416, 645, 0, 0),
    ("slake_zh", "slake_qa_text", 420, 613, 0, 0),
    ("pubmedqa", "pubmedqa", 0, 0, 500, 0),
    ("cmexam", "cmexam_val", 0, 0, 6596, 210),
    ("cmmlu_medical", "cmmlu_medical", 0, 0, 1941, 0),
    ("medqa_us", "medxpertqa_inputs", 0, 0, 1273, 0),
    ("mmlu_medical_6", "medxpertqa_inputs", 0, 0, 1089, 0),
    ("medxpertqa_text", "medxpertqa_inputs", 0, 0, 244, 0),
]


@cache
def questions(name, folder):
    """Return the questions of a task as rows without an answer."""
    if "DOCTORSUN_TEST_DATA" not in os.environ or not (DATA / folder).is_dir():
        pytest.skip(f"DOCTORSUN_TEST_DATA names no folder with {folder}")
    task = task_named(name)
    reader = open_task(task, find_files(task, DATA / folder))
    items = [reader.make(pending) for pending in reader.pending() if not isinstance(pending, Dropped)]
    samples = [sample for item in items if not isinstance(item, Dropped) for sample in item]
    return [
        Prediction(
            id=sample.id, task=name, language=sample.language, kind=sample.answer.kind, question="?",
            options=sample.answer.options, gold=sample.answer.gold, output="", cluster=sample.id,
        )
        for sample in samples
    ]  # fmt: skip


def earned(rows, output_of):
    """Return the mean headline of each kind under its house protocol, where each row is answered by a function."""
    values = {}
    for row in rows:
        protocol = protocol_for(row.kind)
        verdict = protocol.judge(replace(row, output=output_of(row)))
        values.setdefault(row.kind, []).append(verdict.values[protocol.metrics[0]])
    return {kind: sum(found) / len(found) for kind, found in values.items()}


def said_back(row):
    return ", ".join(row.gold) if row.kind == "mcq_multi" else row.gold[0]


@pytest.mark.parametrize("case", SETS, ids=lambda case: case[0])
def test_the_house_passes_three_oracles(case):
    name, folder, *numbers = case
    rows = questions(name, folder)

    assert [sum(row.kind == kind for row in rows) for kind in ("closed", "open", "mcq", "mcq_multi")] == numbers
    assert set(earned(rows, said_back).values()) == {1}
    assert set(earned(rows, lambda _: "").values()) == {0}
    single = [row for row in rows if row.kind == "mcq"]
    if single:
        assert earned(single, lambda _: "A") == {"mcq": sum(row.gold == ("A",) for row in single) / len(single)}


@pytest.mark.parametrize(
    ("kit", "name", "output", "value"),
    [
        ("medevalkit@1", "pubmedqa", "", 0.552),
        ("multimedeval@1", "pubmedqa", "A", 0),
        ("llava_med@1", "slake_zh", "是", 0),
        ("mmmu_official@1", "pubmedqa", "A", 0.552),
        ("cmb_official@1", "pubmedqa", "A", 0.552),
    ],
)
def test_what_other_kits_give_for_one_constant_answer(kit, name, output, value):
    folder = next(folder for task, folder, *_ in SETS if task == name)
    rows = [row for row in questions(name, folder) if row.kind in ("mcq", "closed")]
    (protocol,) = protocols_for(rows[0].kind, [kit])

    values = [protocol.judge(replace(row, output=output)).values["accuracy"] for row in rows]

    assert sum(values) / len(values) == pytest.approx(value)
