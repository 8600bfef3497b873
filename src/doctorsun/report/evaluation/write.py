"""Write the report of an evaluation: ``report.json`` and ``report.html``, from the files alone."""

from pathlib import Path

from doctorsun.report.evaluation.items import choose_items, num_items_of_each
from doctorsun.report.evaluation.page import render_evaluation
from doctorsun.report.evaluation.record import read_evaluation
from doctorsun.report.evaluation.summary import summarise_evaluation
from doctorsun.report.strings import Language
from doctorsun.storage.atomic import write_json, write_text


def write_evaluation_report(folder: Path, *, language: Language = "en") -> Path:
    """Write ``report.json`` and the self-contained ``report.html`` of an evaluation folder.

    Returns:
        The path of the page.

    Raises:
        DataError: the folder holds no scores, or a file in it cannot be read; nothing is written then.
    """
    record = read_evaluation(folder)
    num = num_items_of_each(len(record.tasks))
    items = {task.name: choose_items(task, num) for task in record.tasks}
    summary = summarise_evaluation(record, items, language)
    page = render_evaluation(record, items, language)
    write_json(folder / "report.json", summary)
    write_text(folder / "report.html", page)
    return folder / "report.html"
