"""The summary: all that the page shows except its images and curves, as plain JSON."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from doctorsun.eval.summary import SummaryRow
from doctorsun.report.gallery import Exhibit
from doctorsun.report.progress import Progress, StageProgress
from doctorsun.report.record import RunRecord
from doctorsun.report.scores import row_facts
from doctorsun.report.strings import Language, translate

REWARDS = ("reward_accuracy", "reward_margin")
SHARE_FIELDS = ("language", "domain", "modality", "task", "licence")


def summarise(
    record: RunRecord, rows: Sequence[SummaryRow], gallery: Sequence[Exhibit], language: Language
) -> dict[str, Any]:
    """Return the content of ``report.json``; numbers that are not finite become null."""
    info = record.info
    summary = {
        "recipe_name": info.get("recipe_name", record.folder.name),
        "notice": translate("research_only", language),
        "state": _state(record),
        "started": info.get("started"),
        "finished": info.get("finished"),
        "wall_s": _wall_s(record.progress),
        "seed": info.get("seed"),
        "git_commit": info.get("git_commit"),
        "machine": info.get("machine", {}),
        "versions": info.get("versions", {}),
        "stages": [_stage(stage) for stage in record.progress.stages],
        "num_unreadable_lines": record.progress.num_unreadable_lines,
        "evaluation_wall_s": record.progress.evaluation_wall_s,
        "data": {"stores": _stores(info.get("data", {})), "shares": _shares(info.get("data", {}))},
        "scores": [asdict(score) for score in record.scores],
        "results": [row_facts(row) for row in rows],
        "gallery": [exhibit.as_dict() for exhibit in gallery],
    }
    return finite(summary)


def _state(record: RunRecord) -> dict[str, Any]:
    last = record.progress.stages[-1] if record.progress.stages else None
    return {
        "is_finished": record.is_finished,
        "stage": last.name if last else None,
        "step": last.num_steps_done if last else 0,
        "num_steps": last.num_steps if last else 0,
    }


def _wall_s(progress: Progress) -> float | None:
    stages = [sum(value for _, value in stage.series("step_s")) for stage in progress.stages if stage.wall_s is None]
    ended = [stage.wall_s for stage in progress.stages if stage.wall_s is not None]
    return sum([*stages, *ended, *progress.evaluation_wall_s.values()]) or None


def _stage(stage: StageProgress) -> dict[str, Any]:
    return {
        "name": stage.name,
        "num_steps": stage.num_steps,
        "num_steps_done": stage.num_steps_done,
        "wall_s": stage.wall_s,
        "trainable_parameters": stage.plan.get("trainable_parameters"),
        "samples": stage.plan.get("samples"),
        "loss": stage.recent_loss(),
        "validation_loss": stage.validation[-1][1] if stage.validation else None,
        "best_validation_loss": min((loss for _, loss in stage.validation), default=None),
        "best_step": stage.best_step,
        "kept_step": stage.end.get("kept_step"),
        "validation": stage.validations.get(max(stage.validations, default=0), {}),
        "loss_by_source": {name: series[-1][1] for name, series in stage.series_by("loss_by_source").items()},
        "loss_by_language": {name: series[-1][1] for name, series in stage.series_by("loss_by_language").items()},
        "scores_at_intervals": stage.score_series(),
        "mfu": stage.mean("mfu"),
        "mfu_datasheet": stage.mean("mfu_datasheet"),
        "loader_wait_share": stage.mean("loader_wait_share"),
        "peak_memory_gib": max((value for _, value in stage.series("peak_memory_gib")), default=None),
        "supervised_tokens_per_s": stage.mean_rate("supervised_tokens"),
        "labels_per_s": stage.mean_rate("labels"),
        "pairs_per_s": stage.mean_rate("pairs"),
        **{name: stage.series(name)[-1][1] for name in REWARDS if stage.series(name)},
        "samples_per_s": stage.mean_rate("samples"),
        "mixture": stage.plan.get("mixture", {}),
        "languages": stage.plan.get("languages", {}),
    }


def _stores(data: dict[str, Any]) -> list[dict[str, Any]]:
    names = ("rows", "read", "kept", "dropped", "sha256", "dropped_reasons")
    return [{"name": name, **{key: facts.get(key) for key in names}} for name, facts in sorted(data.items())]


def _shares(data: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Return the shares of each field over the training stores (over all, where none is called train)."""
    training = [facts for name, facts in data.items() if name.endswith("/train")] or list(data.values())
    totals = {name: _total(facts.get("counts", {}).get(name, {}) for facts in training) for name in SHARE_FIELDS}
    return {
        name: {value: number / total.total() for value, number in total.most_common()}
        for name, total in totals.items()
        if total.total()
    }


def _total(counts: Iterable[dict[str, int]]) -> Counter[str]:
    """Add up counts; question types (``presence:nodule``) are put together by family."""
    total: Counter[str] = Counter()
    for part in counts:
        for value, number in part.items():
            total[value.partition(":")[0]] += number
    return total


def finite(value: Any) -> Any:
    """Return plain JSON with null in place of every number that is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value
