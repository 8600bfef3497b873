from pathlib import Path

import pytest

from doctorsun.bench.evaluation import measure_evaluation
from doctorsun.schema import Answer
from small_model import image, png, question, save_small, write_store


def test_both_ways_answer_all_questions_alike(tmp_path: Path) -> None:
    weights = save_small(tmp_path / "weights", fit="pad")
    shown = image(png(1, 40, 30), 40, 30)
    asked = [
        question("1", "Is there a nodule?", "Yes.", shown, answer=Answer(kind="closed", gold=("yes",))),
        question(
            "2", "Which?\nA. lung\nB. liver", "A", shown, answer=Answer(kind="mcq", gold=("A",), options=("a", "b"))
        ),
        question("3", "Which organ is it?", "Lung.", answer=Answer(kind="open", gold=("lung",))),
    ]
    store = write_store(tmp_path / "store", asked).folder
    closed, opened = measure_evaluation(weights, {"phantom": store}, [].append, num_passes=1)
    assert [(row["kind"], row["samples"], row["same_answers"]) for row in (closed, opened)] == [
        ("closed", 2, 2),
        ("open", 1, 1),
    ]
    assert (closed["target"], opened["target"]) == (8.0, 4.0)
    assert closed["times_as_fast"] == pytest.approx(closed["ours_per_s"] / closed["one_by_one_per_s"])
