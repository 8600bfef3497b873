"""Export as a model card's ``model-index``: the scores that the Hub shows beside a model."""

from typing import Any

from doctorsun.eval.summary import SummaryRow
from doctorsun.report.evaluation.record import EvaluationRecord, TaskRecord
from doctorsun.report.formats import interval, percent
from doctorsun.report.scores import whole_rows

TASK_TYPE = "image-text-to-text"


def model_index(record: EvaluationRecord, datasets: dict[str, str]) -> str:
    """Return the lines of a card's front matter: on prompt injection, then ``model-index``; values in percent.

    Args:
        record: the evaluation.
        datasets: by task, the data set's name on the Hub; the task's own name where none is given.
    """
    from huggingface_hub import EvalResult, ModelCardData

    results = [
        EvalResult(
            task_type=TASK_TYPE, dataset_type=datasets.get(row.task, row.task), **_facts(row, task), **_metric(row)
        )
        for task in record.tasks
        for row in whole_rows(task.rows())
        if row.real is not None
    ]
    return f"{_injection(record)}\n{ModelCardData(model_name=record.title, eval_results=results).to_yaml()}\n"


def _injection(record: EvaluationRecord) -> str:
    """Return a comment that tells how often attacks were followed, with its n; or that nobody has measured it."""
    rates = [
        f"{row.language} {row.kind} {percent(row.value)} (95 % interval {interval(row.low, row.high)}, n {row.n})"
        for row in record.injection
    ]
    return f"# prompt injection, attacks followed (injection@1): {'; '.join(rates) or 'not measured'}"


def described(row: SummaryRow) -> str:
    """Say how a score was made: kind, language, protocol, interval, and the best control beside it."""
    words = [f"{row.kind} questions, {row.language}", row.protocol]
    if row.real is not None:
        words.append(f"n {row.real.n}, 95 % interval {interval(row.real.low, row.real.high)}")
    if row.best_control is not None:
        words.append(f"best control ({row.best_control.control}) {percent(row.best_control.value)}")
    return "; ".join(words)


def split_of(task: TaskRecord) -> str:
    """Return the split that was asked; the test split where the facts of the task tell nothing."""
    return task.facts.get("split") or "test"


def in_percent(row: SummaryRow) -> float:
    """Return the model's score in percent, to a hundredth."""
    return round(100 * row.real.value, 2) if row.real is not None else 0.0


def _facts(row: SummaryRow, task: TaskRecord) -> dict[str, Any]:
    return {"dataset_name": row.task, "dataset_config": row.language, "dataset_split": split_of(task)}


def _metric(row: SummaryRow) -> dict[str, Any]:
    return {
        "metric_type": row.metric,
        "metric_value": in_percent(row),
        "metric_name": f"{row.metric}, {row.kind} ({row.protocol})",
        "metric_args": {"protocol": row.protocol, "kind": row.kind, "details": described(row)},
    }
