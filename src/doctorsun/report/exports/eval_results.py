"""Export as the Hub's ``.eval_results/*.yaml``: one file per task, language and kind of question."""

from datetime import UTC, datetime
from pathlib import Path

from doctorsun.errors import RecipeError
from doctorsun.eval.summary import SummaryRow
from doctorsun.report.evaluation.record import EvaluationRecord, TaskRecord
from doctorsun.report.exports.model_index import described, in_percent, split_of
from doctorsun.report.scores import headline_rows


def eval_results(record: EvaluationRecord, datasets: dict[str, str]) -> dict[str, str]:
    """Return the files by their path in the model's repository; values are in percent.

    Args:
        record: the evaluation.
        datasets: by task, the data set's name on the Hub, where the scores are shown too.

    Raises:
        RecipeError: the data set of a task is not named.
    """
    unnamed = [task.name for task in record.tasks if "/" not in datasets.get(task.name, "")]
    if unnamed:
        raise RecipeError(
            "export eval-results",
            got=f"no data set on the Hub for task {', '.join(unnamed)}",
            expected="one for each task",
            do=f"add --dataset {unnamed[0]}=OWNER/NAME",
        )
    return {
        f".eval_results/{task.name}_{row.language}_{row.kind}.yaml": _file(row, task, datasets[task.name])
        for task in record.tasks
        for row in headline_rows(task.rows())
        if row.real is not None
    }


def _file(row: SummaryRow, task: TaskRecord, dataset: str) -> str:
    import yaml
    from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

    entry = EvalResultEntry(
        dataset_id=dataset,
        task_id=f"{row.task}_{row.language}_{row.kind}",
        value=in_percent(row),
        date=_date(task.folder / "predictions.parquet"),
        notes=f"{row.metric}; {described(row)}; {split_of(task)} split; scored by doctorsun",
    )
    return yaml.safe_dump(eval_result_entries_to_yaml([entry]), sort_keys=False, allow_unicode=True, width=1000)


def _date(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, tz=UTC).strftime("%Y-%m-%d")
