"""The summary of an evaluation: all that its page shows except images and texts of items, as plain JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from doctorsun.report.evaluation.items import Item
from doctorsun.report.evaluation.published import published_tables
from doctorsun.report.evaluation.record import EvaluationRecord, TaskRecord
from doctorsun.report.scores import row_facts
from doctorsun.report.strings import Language, translate
from doctorsun.report.summary import finite


def summarise_evaluation(
    record: EvaluationRecord, items: Mapping[str, Sequence[Item]], language: Language
) -> dict[str, Any]:
    """Return the content of ``report.json``; numbers that are not finite become null.

    Args:
        record: the evaluation.
        items: by task, those that the page shows.
        language: of the notice.
    """
    summary = {
        "title": record.title,
        "notice": translate("research_only", language),
        "models": record.models,
        "injection": [asdict(row) for row in record.injection] or "not measured",
        "tasks": [_task(task, items[task.name]) for task in record.tasks],
        "scores": [asdict(row) for task in record.tasks for row in task.scores],
    }
    return finite(summary)


def _task(task: TaskRecord, items: Sequence[Item]) -> dict[str, Any]:
    return {
        "task": task.name,
        "controls": list(task.controls),
        "facts": task.facts,
        "leakage": task.leakage,
        "calibration": task.calibration,
        "consistency": task.consistency,
        "margins": task.margins,
        "judges": task.judges,
        "results": [row_facts(row) for row in task.rows()],
        "published": [table.as_dict() for table in published_tables(task.name)],
        "num_questions": len({row.id for row in task.predictions}),
        "items": [item.as_dict() for item in items],
    }
