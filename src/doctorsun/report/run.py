"""Write the report of a run: ``report.json`` and ``report.html``, at any time while the run goes on."""

from pathlib import Path

from doctorsun.report.gallery import make_gallery
from doctorsun.report.page import render_page
from doctorsun.report.record import read_run
from doctorsun.report.scores import result_rows
from doctorsun.report.strings import Language
from doctorsun.report.summary import summarise
from doctorsun.storage.atomic import write_json, write_text


def write_report(run: Path, *, language: Language = "en") -> Path:
    """Write ``report.json`` and the self-contained ``report.html`` from the files of a run folder.

    Returns:
        The path of the page.

    Raises:
        RecipeError: the folder is no run.
        DataError: a file in it cannot be read; nothing is written then.
    """
    record = read_run(run)
    rows = result_rows(record.scores, record.margins)
    gallery = make_gallery(run, record.held_out_stores())
    summary = summarise(record, rows, gallery, language)
    page = render_page(record, summary, rows, gallery, language)
    write_json(run / "report.json", summary)
    write_text(run / "report.html", page)
    return run / "report.html"
