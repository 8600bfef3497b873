"""Write an export of an evaluation folder in the form that is asked for."""

from collections.abc import Mapping
from pathlib import Path

from doctorsun.report.evaluation.record import EvaluationRecord, read_evaluation
from doctorsun.report.exports.eval_results import eval_results
from doctorsun.report.exports.form import ExportForm
from doctorsun.report.exports.inspect_log import inspect_log
from doctorsun.report.exports.lm_eval import lm_eval_results
from doctorsun.report.exports.model_index import model_index
from doctorsun.report.summary import finite
from doctorsun.storage.atomic import write_bytes, write_json, write_text


def write_export(folder: Path, form: ExportForm, to: Path, datasets: Mapping[str, str]) -> list[Path]:
    """Write an evaluation in a form of others; return the files.

    Args:
        folder: the evaluation.
        form: ``lm-eval`` and ``model-index`` are one file, the others are files in a folder.
        to: that file or folder.
        datasets: by task, the name of the data set on the Hub.

    Raises:
        DataError: the folder holds no scores, or a file in it cannot be read.
        RecipeError: ``eval-results`` needs the data set of a task.
    """
    record = read_evaluation(folder)
    if form == "lm-eval":
        write_json(to, finite(lm_eval_results(record)))
        return [to]
    if form == "model-index":
        write_text(to, model_index(record, dict(datasets)))
        return [to]
    if form == "inspect":
        return _write_logs(record, to)
    texts = eval_results(record, dict(datasets))
    for name, text in texts.items():
        write_text(to / name, text)
    return [to / name for name in texts]


def _write_logs(record: EvaluationRecord, to: Path) -> list[Path]:
    paths: list[Path] = []
    for task in record.tasks:
        for control in task.controls:
            paths.append(to / f"{task.name}_{control}.eval")
            write_bytes(paths[-1], inspect_log(task, control))
    return paths
