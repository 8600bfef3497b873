"""What the fields of records of the user's own tell of patients, studies and articles, in every format of one."""

import json

import pytest
from typer.testing import CliRunner

from doctorsun.cli.main import app
from doctorsun.cli.session import Session
from doctorsun.data.readers.told_groups import with_told
from doctorsun.schema import Groups
from doctorsun.storage.store import Store

TURNS = [{"from": "human", "value": "Which lobe is it?"}, {"from": "gpt", "value": "The upper one."}]


@pytest.mark.parametrize(
    ("fields", "groups"),
    [
        ({"patient_id": "A7", "study": "s1"}, Groups(patient="A7", study="s1")),
        ({"PatientID": 7.0, "AccessionNumber": 12}, Groups(patient="7", study="12")),
        ({"Patient ID": "A7", "series": "2"}, Groups(patient="A7")),
        ({"slide": "TCGA-02"}, Groups(study="TCGA-02")),
        ({"subject": "sub-01"}, Groups(patient="sub-01")),
        ({"subject": "anatomy"}, Groups()),
        ({"patient": None, "mrn": "88"}, Groups(patient="88")),
        ({"patient": float("nan"), "study": "unknown"}, Groups()),
        ({"article": "A text\nof two lines"}, Groups()),
        ({"article": "x" * 129, "patient": ["a"]}, Groups()),
        ({"article_id": "PMC12"}, Groups(article="PMC12")),
        ({"患者编号": "张一"}, Groups(patient="张一")),
    ],
)
def test_the_usual_names_tell_whom_a_record_is_of(fields, groups):
    assert with_told(Groups(), fields) == groups


def test_what_a_format_knows_stays():
    assert with_told(Groups(study="known"), {"study": "x", "patient": "A"}) == Groups(patient="A", study="known")


TABLE = "question,answer,patient,study_id\nWhich lobe?,The upper one.,A7,9\n"


@pytest.mark.parametrize(
    ("name", "file", "text"),
    [
        ("llava", "a.json", json.dumps([{"conversations": TURNS, "patient": "A7", "study_id": 9}])),
        ("llava", "a.jsonl", json.dumps({"messages": TURNS, "patient": "A7", "study_id": "9"})),
        ("alpaca", "a.json", json.dumps([{"instruction": "Which?", "output": "A.", "patient": "A7", "study_id": "9"}])),
        (
            "preference",
            "a.json",
            json.dumps([{"prompt": "Q?", "chosen": "A.", "rejected": "B.", "patient": "A7", "study_id": 9}]),
        ),
        ("dialogue", "a.csv", TABLE),
        ("questions", "a.csv", TABLE),
        ("exam", "a.csv", "question,A,B,answer,patient,study_id\nWhich?,left,right,A,A7,9\n"),
    ],
)
def test_every_format_of_ones_own_takes_them(lay, import_all, name, file, text):
    ((sample,),) = import_all(name, lay(file, text))

    assert sample.groups == Groups(patient="A7", study="9")


def test_no_patient_lies_on_two_sides_after_curation(tmp_path):
    turns = [
        [
            {"from": "human", "value": f"What does film number {number} of the {number % 7} show?"},
            {"from": "gpt", "value": f"Finding {number * 31} in region {number * 17}."},
        ]
        for number in range(80)
    ]
    records = [{"patient_id": f"P{number // 4}", "conversations": said} for number, said in enumerate(turns)]
    (tmp_path / "pat.json").write_text(json.dumps(records))
    (tmp_path / "steps.yaml").write_text("near_texts: null\nsplits: {by: own, validation: 0.25, test: 0.25}\n")
    read, clean = tmp_path / "read", tmp_path / "clean"
    told = output("import", "llava", tmp_path / "pat.json", "--out", read, "--set", "licence=MIT", "--json")
    output("curate", read, "--out", clean, "--steps", tmp_path / "steps.yaml")

    kept = [(sample.groups.patient, sample.source.split) for sample in Store(clean)]
    assert json.loads(told)["patients"] == len({patient for patient, _ in kept}) == len(set(kept)) == 20
    assert len({split for _, split in kept}) == 3


def output(*arguments):
    done = CliRunner().invoke(app, ["data", *map(str, arguments)], obj=Session("en"), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout
