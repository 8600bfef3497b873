import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from doctorsun.train.telemetry import Event, Telemetry


def events(path: Path) -> list[tuple[Any, ...]]:
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [(record["event"], record.get("stage"), record.get("step")) for record in records]


def test_events_are_written_in_order_and_told(tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []
    telemetry = Telemetry(tmp_path / "metrics.jsonl", told.append)
    telemetry.write("step", stage="align", step=1, text="结节")
    telemetry.write("eval", task="phantom")
    assert events(telemetry.path) == [("step", "align", 1), ("eval", None, None)]
    assert [record["event"] for record in told] == ["step", "eval"]
    assert told[0]["time"] > 1e9
    assert "结节" in telemetry.path.read_text(encoding="utf-8")


def test_a_number_that_is_not_finite_is_null_with_its_name_and_the_line_stays_json(tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []
    telemetry = Telemetry(tmp_path / "metrics.jsonl", told.append)
    telemetry.write(
        "step", loss=math.nan, grad_norm=math.inf, loss_by_source={"a": -math.inf, "b": 1.5}, list=(1, math.nan)
    )

    def refuse(word: str) -> None:
        raise AssertionError(word)

    line = json.loads(telemetry.path.read_text(encoding="utf-8"), parse_constant=refuse)
    assert [line[name] for name in ("loss", "grad_norm", "loss_by_source", "list")] == [
        None,
        None,
        {"a": None, "b": 1.5},
        [1, None],
    ]
    odd = {"loss": "NaN", "grad_norm": "Infinity", "loss_by_source.a": "-Infinity", "list.1": "NaN"}
    assert line["not_finite"] == odd
    assert told == [line]


def test_going_back_removes_what_came_after_the_step_in_this_stage_only(tmp_path: Path) -> None:
    telemetry = Telemetry(tmp_path / "metrics.jsonl")
    telemetry.write("step", stage="pretrain", step=9)
    telemetry.write("stage_start", stage="align")
    for step in (1, 2, 3):
        telemetry.write("quarantined", stage="align", step=step)
        telemetry.write("step", stage="align", step=step)
    telemetry.write("stage_end", stage="align")
    telemetry.rewind("align", 2)
    assert events(telemetry.path) == [
        ("step", "pretrain", 9),
        ("quarantined", "align", 1),
        ("step", "align", 1),
        ("quarantined", "align", 2),
        ("step", "align", 2),
    ]


def test_going_back_before_anything_was_written_is_harmless(tmp_path: Path) -> None:
    Telemetry(tmp_path / "metrics.jsonl").rewind("align", 0)
    assert not (tmp_path / "metrics.jsonl").exists()


def test_half_a_line_at_the_end_is_removed_and_the_next_stands_alone(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"event": "step", "stage": "align", "step": 1}\n{"event": "st', encoding="utf-8")
    Telemetry(path).write("step", stage="align", step=2)
    assert events(path) == [("step", "align", 1), ("step", "align", 2)]


def test_a_damaged_line_is_removed_when_the_diary_goes_back(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"event": "step", "stage": "align", "step": 1}\n\x00\x00\n', encoding="utf-8")
    Telemetry(path).rewind("align", 1)
    assert events(path) == [("step", "align", 1)]


def test_line_separators_in_words_do_not_part_a_record(tmp_path: Path) -> None:
    telemetry = Telemetry(tmp_path / "metrics.jsonl")
    telemetry.write("warning", text="a\u2028b")
    telemetry.rewind("align", 0)
    assert json.loads(telemetry.path.read_text(encoding="utf-8"))["text"] == "a\u2028b"


class ListSink:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.written: list[Event] = []
        self.rewound: list[tuple[str, list[int], list[int]]] = []
        self.is_closed = False

    def rewind(self, stage: str, kept: Sequence[Event], removed: Sequence[Event]) -> None:
        self.rewound.append((stage, [event["step"] for event in kept], [event["step"] for event in removed]))

    def write(self, event: Event) -> None:
        self.written.append(event)

    def close(self) -> None:
        self.is_closed = True


def test_sinks_hear_what_is_written_and_what_holds_no_longer(tmp_path: Path) -> None:
    sink = ListSink()
    telemetry = Telemetry(tmp_path / "metrics.jsonl", sinks=[sink])
    telemetry.write("step", stage="pretrain", step=9)
    for step in (1, 2, 3):
        telemetry.write("step", stage="align", step=step)
    telemetry.rewind("align", 2)
    telemetry.rewind("instruct", 0)
    telemetry.close()
    assert [event["step"] for event in sink.written] == [9, 1, 2, 3]
    assert sink.rewound == [("align", [1, 2], [3]), ("instruct", [], [])]
    assert sink.is_closed
