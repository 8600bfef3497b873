"""Awkward answers of every kind, and what is kept of their verdicts."""

import json
from pathlib import Path

import pytest

from doctorsun.schema import Prediction

FOLDER = Path(__file__).parents[3] / "golden" / "protocols"


def lines(name):
    return [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="session")
def golden_lines():
    """Return a reader of the lines of a file of golden verdicts."""
    return lines


@pytest.fixture(scope="session")
def awkward_answers():
    """Return the predictions of ``answers.jsonl`` by id."""
    fixed = {"task": "awkward", "language": "en", "question": "?"}
    texts = [{**row, "gold": tuple(row["gold"]), "options": tuple(row.get("options", ()))} for row in lines("answers")]
    return {row["id"]: Prediction(**fixed, **row, cluster=row["id"]) for row in texts}
