"""The results table that a run prints at its end."""

from pathlib import Path
from typing import TYPE_CHECKING

from doctorsun.eval.summary import SummaryRow
from doctorsun.report import formats
from doctorsun.report.record import read_run
from doctorsun.report.scores import headline_rows, is_unproven, result_rows
from doctorsun.report.strings import Language, translate

if TYPE_CHECKING:
    from rich.table import Table


def results_table(run: Path, *, language: Language = "en") -> "Table":
    """Return the headline score of every kind of question beside its best control; the page shows all others.

    Raises:
        DataError: the folder is no run, or a score file is broken.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=translate("results", language), title_justify="left")
    table.caption, table.caption_justify = translate("research_only", language), "left"
    for key in ("task", "kind", "language"):
        table.add_column(translate(key, language))
    for key in ("model", "interval", "best_control", "margin"):
        table.add_column(translate(key, language), justify="right")
    record = read_run(run)
    for row in headline_rows(result_rows(record.scores, record.margins)):
        table.add_row(*(Text(cell) for cell in _cells(row, language)))
    return table


def _cells(row: SummaryRow, language: Language) -> list[str]:
    real, control = row.real, row.best_control
    verdict = f" {translate('unproven', language)}" if is_unproven(row) else ""
    return [
        row.task,
        translate(f"kind.{row.kind}", language),
        translate(f"language.{row.language}", language),
        formats.percent(real.value if real else None),
        formats.interval(real.low, real.high) if real else formats.MISSING,
        f"{formats.percent(control.value)} {translate(f'short.{control.control}', language)}"
        if control
        else formats.MISSING,
        formats.margin(row.margin) + verdict,
    ]
