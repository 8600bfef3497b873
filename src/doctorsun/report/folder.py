"""The report of a folder, be it that of a run or of an evaluation."""

from pathlib import Path

from doctorsun.report.evaluation.record import is_evaluation
from doctorsun.report.evaluation.write import write_evaluation_report
from doctorsun.report.run import write_report
from doctorsun.report.strings import Language


def write_folder_report(folder: Path, *, language: Language = "en") -> Path:
    """Write ``report.json`` and ``report.html`` of a run, or of an evaluation outside of one.

    Returns:
        The path of the page.

    Raises:
        RecipeError: the folder is neither.
        DataError: a file in it cannot be read; nothing is written then.
    """
    write = write_evaluation_report if is_evaluation(folder) else write_report
    return write(folder, language=language)
