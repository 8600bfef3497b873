"""Export as a log of inspect_ai (``.eval``, format 2): a zip of JSON that ``inspect view`` opens."""

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from doctorsun.report.evaluation.record import TaskRecord, protocols_of
from doctorsun.report.summary import finite
from doctorsun.schema import Prediction, Score

VERSION = 2
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def inspect_log(task: TaskRecord, control: str) -> bytes:
    """Return the log of a task under one control: each answer with its verdicts, and every score."""
    rows = [row for row in task.predictions if row.image_control == control]
    scores = [row for row in task.scores if row.control == control]
    spec, results = _spec(task, control, rows), _results(rows, scores)
    named = task.protocols()
    samples = [_sample(row, named.get((row.kind, row.language, control), ())) for row in rows]
    written = datetime.fromtimestamp((task.folder / "predictions.parquet").stat().st_mtime, tz=UTC)
    stats = {"started_at": written.isoformat(), "completed_at": written.isoformat(), "model_usage": {}}
    spec["created"] = written.isoformat()
    plan = {"name": "plan", "steps": [{"solver": "doctorsun eval", "params": {}}], "config": {}}
    files = {
        "_journal/start.json": {"version": VERSION, "eval": spec, "plan": plan},
        **{f"samples/{sample['id']}_epoch_1.json": sample for sample in samples},
        "summaries.json": [_summary(sample) for sample in samples],
        "header.json": {
            "version": VERSION,
            "status": "success",
            "eval": spec,
            "plan": plan,
            "results": results,
            "stats": stats,
        },
    }
    return _zipped(files)


def _zipped(files: dict[str, Any]) -> bytes:
    """Return a zip of JSON files whose bytes depend on their content alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, json.dumps(finite(content), ensure_ascii=False))
    return buffer.getvalue()


def _spec(task: TaskRecord, control: str, rows: Sequence[Prediction]) -> dict[str, Any]:
    first = rows[0] if rows else None
    identity = [task.name, control, *(each for row in rows[:1] for each in (row.model, row.revision, row.decoding))]
    digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:22]
    return {
        "eval_id": digest,
        "run_id": digest,
        "task_id": digest,
        "task": task.name,
        "task_version": 0,
        "dataset": {
            "name": task.name,
            "samples": len(rows),
            "sample_ids": [row.id for row in rows],
            "shuffled": False,
        },
        "model": first.model if first and first.model else "unknown",
        "config": {"epochs": 1},
        "metadata": {
            "image": control,
            "model_revision": first.revision if first else "",
            "decoding": first.decoding if first else "",
            "facts": task.facts,
        },
    }


def _results(rows: Sequence[Prediction], scores: Sequence[Score]) -> dict[str, Any]:
    groups: dict[tuple[str, str, str], list[Score]] = {}
    for row in scores:
        if row.slice is None:
            groups.setdefault((row.protocol, row.language, row.kind), []).append(row)
    return {
        "total_samples": len(rows),
        "completed_samples": sum(row.status == "ok" for row in rows),
        "scores": [_eval_score(names, found) for names, found in groups.items()],
    }


def _eval_score(names: tuple[str, str, str], scores: Sequence[Score]) -> dict[str, Any]:
    return {
        "name": "/".join(names),
        "scorer": names[0],
        "scored_samples": scores[0].n,
        "unscored_samples": 0,
        "metrics": {
            row.metric: {"name": row.metric, "value": row.value, "metadata": {"low": row.low, "high": row.high}}
            for row in scores
        },
        "metadata": {"num_invalid": scores[0].num_invalid, "num_truncated": scores[0].num_truncated},
    }


def _sample(row: Prediction, protocols: Sequence[str]) -> dict[str, Any]:
    question = row.prompt or row.question
    sample: dict[str, Any] = {
        "id": row.id,
        "epoch": 1,
        "input": question,
        "choices": list(row.options) or None,
        "target": row.gold[0] if len(row.gold) == 1 else list(row.gold),
        "messages": [{"role": "user", "content": question, "source": "input"}],
        "output": {"model": row.model or "unknown", "choices": []},
        "scores": _verdicts(row, protocols),
        "metadata": {
            name: getattr(row, name)
            for name in ("kind", "language", "question_type", "modality", "anatomy", "cluster", "variant_of")
        },
        "store": {},
        "events": [],
        "model_usage": {},
    }
    if row.status == "error":
        sample["error"] = {"message": row.output, "traceback": "", "traceback_ansi": ""}
        return sample
    answer = {"role": "assistant", "content": row.output, "source": "generate", "model": row.model or "unknown"}
    sample["messages"].append(answer)
    stop = "max_tokens" if row.truncated else "stop"
    sample["output"]["choices"] = [{"message": answer, "stop_reason": stop}]
    sample["output"]["usage"] = {"input_tokens": 0, "output_tokens": row.num_tokens, "total_tokens": row.num_tokens}
    return sample


def _verdicts(row: Prediction, names: Sequence[str]) -> dict[str, Any]:
    verdicts = {each.name: (each.judge(row), each.metrics) for each in protocols_of(names, row.kind) if each.asks(row)}
    return {
        name: {
            "value": verdict.values[metrics[0]] if len(metrics) == 1 else verdict.values,
            "answer": row.output,
            "metadata": {"invalid": verdict.invalid},
        }
        for name, (verdict, metrics) in verdicts.items()
    }


def _summary(sample: dict[str, Any]) -> dict[str, Any]:
    kept = ("id", "epoch", "input", "choices", "target", "metadata", "scores", "model_usage")
    error = sample.get("error")
    return {name: sample[name] for name in kept} | {"completed": True, "error": error["message"] if error else None}
