"""Export shaped as lm-evaluation-harness's ``results.json``, so that tools made for it read our scores."""

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from doctorsun.eval.protocols.injection import ATTACK_SUCCESS
from doctorsun.report.evaluation.record import EvaluationRecord, TaskRecord
from doctorsun.schema import Score

NORMAL_95 = 1.959964
"""Standard errors from the middle of a normal 95 % interval to its end."""


def lm_eval_results(record: EvaluationRecord) -> dict[str, Any]:
    """Return the content of ``results.json``.

    A task of lm-eval is one task, language and kind of ours (``vqa_rad_en_closed``). The protocol stands where lm-eval
    names its filter, a control behind it (``accuracy,polarity@2 blank``); the standard error is that of a normal
    interval as wide as ours.
    """
    parts = {name: (task, rows) for task in record.tasks for name, rows in _parts(task)}
    model = record.models[0] if record.models else {"model": "", "revision": "", "decoding": ""}
    return {
        "results": {name: _metrics(name, rows) for name, (_, rows) in parts.items()},
        "group_subtasks": {name: [] for name in parts},
        "configs": {name: _config(task, rows) for name, (task, rows) in parts.items()},
        "versions": {name: _version(rows) for name, (_, rows) in parts.items()},
        "n-shot": dict.fromkeys(parts, 0),
        "higher_is_better": {
            name: {row.metric: row.metric != ATTACK_SUCCESS for row in rows} for name, (_, rows) in parts.items()
        },
        "n-samples": {name: _num_samples(rows) for name, (_, rows) in parts.items()},
        "config": {"model": model["model"], "model_revision": model["revision"], "gen_kwargs": model["decoding"]},
        "model_name": model["model"],
    }


def _parts(task: TaskRecord) -> Iterable[tuple[str, list[Score]]]:
    parts: dict[str, list[Score]] = defaultdict(list)
    for row in task.scores:
        if row.slice is None:
            parts[f"{row.task}_{row.language}_{row.kind}"].append(row)
    return parts.items()


def _metrics(name: str, rows: Iterable[Score]) -> dict[str, Any]:
    found: dict[str, Any] = {"alias": name}
    for row in rows:
        filtered = row.protocol if row.control == "real" else f"{row.protocol} {row.control}"
        error = (row.high - row.low) / (2 * NORMAL_95)
        found[f"{row.metric},{filtered}"] = row.value
        found[f"{row.metric}_stderr,{filtered}"] = error if math.isfinite(error) else "N/A"
    return found


def _config(task: TaskRecord, rows: list[Score]) -> dict[str, Any]:
    return {
        "task": rows[0].task,
        "dataset_name": rows[0].language,
        "output_type": "generate_until",
        "metadata": {
            "kind": rows[0].kind,
            "protocols": list(dict.fromkeys(row.protocol for row in rows)),
            "prompt_sha256": rows[0].prompt,
            "decoding": rows[0].decoding,
            "facts": task.facts,
        },
    }


def _version(rows: list[Score]) -> str:
    return ", ".join(dict.fromkeys(row.protocol for row in rows))


def _num_samples(rows: list[Score]) -> dict[str, int]:
    num = max((row.n for row in rows if row.control == "real"), default=0)
    return {"original": num, "effective": num}
