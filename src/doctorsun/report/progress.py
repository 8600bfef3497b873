"""Progress: the stages, steps and times that metrics.jsonl tells, half-written lines included."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class StageProgress:
    """One stage: its plan (the ``stage_start`` event) and what happened so far.

    Attributes:
        steps: ``step`` events by step number; a step repeated after an interruption counts once, the last time.
        validation: (step, loss) pairs.
        validations: ``validation`` events by step number.
        evaluations: ``evaluation`` events, those at intervals, by step number.
        end: the ``stage_end`` event; empty while the stage goes on.
        wall_s: seconds of the whole stage; None while it goes on.
    """

    name: str
    plan: dict[str, Any] = field(default_factory=dict[str, Any])
    steps: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    validation: tuple[tuple[float, float], ...] = ()
    validations: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    evaluations: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    end: dict[str, Any] = field(default_factory=dict[str, Any])
    wall_s: float | None = None

    @property
    def num_steps(self) -> int:
        """Planned steps."""
        return int(self.plan.get("num_steps", 0))

    @property
    def num_steps_done(self) -> int:
        """The last step taken."""
        return max(self.steps, default=0)

    @property
    def targets(self) -> Literal["labels", "pairs", "supervised_tokens"]:
        """What the loss counts."""
        names = {name for event in self.steps.values() for name in event}
        return "labels" if "labels" in names else "pairs" if "pairs" in names else "supervised_tokens"

    @property
    def best_step(self) -> int | None:
        """The step with the lowest validation loss so far; None where there is no validation."""
        return int(min(self.validation, key=lambda pair: pair[1])[0]) if self.validation else None

    def series(self, key: str) -> list[tuple[float, float]]:
        """Return (step, value) of one measured quantity, finite values only."""
        pairs: list[tuple[int, Any]] = [(step, event.get(key)) for step, event in sorted(self.steps.items())]
        return [(float(step), float(value)) for step, value in pairs if _is_finite(value)]

    def series_by(self, key: str) -> dict[str, list[tuple[float, float]]]:
        """Return (step, value) of a quantity that is told apart by name, such as ``loss_by_source``."""
        return _by_name(self.steps, key)

    def score_series(self) -> dict[str, list[tuple[float, float]]]:
        """Return (step, value) of each score that was taken at intervals."""
        return _by_name(self.evaluations, "scores")

    def mean(self, key: str) -> float | None:
        """Return the mean of a quantity over all steps; None before the first."""
        values = [value for _, value in self.series(key)]
        return sum(values) / len(values) if values else None

    def rate(self, key: str) -> list[tuple[float, float]]:
        """Return (step, quantity per second) of each step."""
        seconds = dict(self.series("step_s"))
        return [(step, value / seconds[step]) for step, value in self.series(key) if seconds.get(step)]

    def mean_rate(self, key: str) -> float | None:
        """Return the quantity per second over all steps; None before the first."""
        seconds = dict(self.series("step_s"))
        amounts = [(value, seconds[step]) for step, value in self.series(key) if seconds.get(step)]
        return sum(a for a, _ in amounts) / sum(s for _, s in amounts) if amounts else None

    def recent_loss(self, window: int = 20) -> float | None:
        """Return the mean loss of the last ``window`` steps; None before the first."""
        losses = [value for _, value in self.series("loss")][-window:]
        return sum(losses) / len(losses) if losses else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """All stages in the order in which they began, and the seconds of each evaluation."""

    stages: tuple[StageProgress, ...] = ()
    evaluation_wall_s: dict[str, float] = field(default_factory=dict[str, float])
    num_unreadable_lines: int = 0
    last_time: float | None = None


def read_progress(path: Path) -> Progress:
    """Read ``metrics.jsonl``; a missing file is a run that has not begun.

    A run that was killed may leave half a line, at the end or where the next run went on; such lines are counted.
    """
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    events = [_parse(line) for line in lines if line.strip()]
    readable = [event for event in events if event is not None]
    # The last line of a living run may be half written: that is no damage.
    is_tail_torn = bool(events) and events[-1] is None
    num_unreadable = len(events) - len(readable) - is_tail_torn
    return _gather(readable, num_unreadable)


def _gather(events: Sequence[dict[str, Any]], num_unreadable: int) -> Progress:
    stage_names = dict.fromkeys(str(event["stage"]) for event in events if "stage" in event)
    return Progress(
        stages=tuple(_stage(name, [event for event in events if event.get("stage") == name]) for name in stage_names),
        evaluation_wall_s={str(event["task"]): float(event["wall_s"]) for event in _of(events, "eval")},
        num_unreadable_lines=num_unreadable,
        last_time=max((float(event["time"]) for event in events if "time" in event), default=None),
    )


def _stage(name: str, events: Sequence[dict[str, Any]]) -> StageProgress:
    starts, ends = _of(events, "stage_start"), _of(events, "stage_end")
    validation = {float(event["step"]): event["loss"] for event in _of(events, "validation")}
    return StageProgress(
        name=name,
        plan=starts[-1] if starts else {},
        steps={int(event["step"]): event for event in _of(events, "step")},
        validation=tuple((step, float(loss)) for step, loss in sorted(validation.items()) if _is_finite(loss)),
        validations={int(event["step"]): event for event in _of(events, "validation")},
        evaluations={int(event["step"]): event for event in _of(events, "evaluation")},
        end=ends[-1] if ends else {},
        wall_s=float(ends[-1]["wall_s"]) if ends else None,
    )


def _by_name(events: dict[int, dict[str, Any]], key: str) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for step, event in sorted(events.items()):
        for name, value in event.get(key, {}).items():
            if _is_finite(value):
                found.setdefault(name, []).append((float(step), float(value)))
    return dict(sorted(found.items()))


def _of(events: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["event"] == kind]


def _parse(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
