"""The command ``doctorsun data deid``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from doctorsun.cli.data_words import why_not_written
from doctorsun.cli.flattened import flattened
from doctorsun.cli.printing import print_json, print_rows
from doctorsun.cli.session import AsJson, Language, Session

Source = Annotated[Path, typer.Argument(metavar="PATH", help="A file or a folder.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="The new folder.")]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key",
        metavar="FILE",
        help="Secret from which new names, identifiers and dates are derived; made at its first use. Else "
        "DOCTORSUN_DEIDENTIFICATION_KEY, else ~/.config/doctorsun/deidentification.key.",
    ),
]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Processes at work.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The options of ``deid`` that say what stays."""

    dates: Annotated[
        Literal["shift", "remove"],
        typer.Option(help="Move the dates of each patient by days of their own, or remove them."),
    ] = "shift"
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="characteristics|descriptors|safe-private",
            help="What else may stay, by the options of PS3.15: age, sex, size and weight; descriptions, cleaned; "
            "private elements that the standard lists as safe. May be given several times.",
        ),
    ] = None
    without_ocr: Annotated[
        bool,
        typer.Option("--without-ocr", help="Leave pixels as they are, even those that may hold text; it is recorded."),
    ] = False


def deid(
    context: typer.Context,
    path: Source,
    *,
    out: Out,
    key: KeyFile = None,
    chosen: Choices,
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """Write images without what tells of the patient: headers, names, dates, text in pixels.

    DICOM by PS3.15 Annex E; NIfTI, TIFF, slides, PNG, JPEG and BMP. What cannot be made clean is not written; its old
    names are listed beside the key, and the exit status is 4 though all else is written. Links that lead out of PATH
    are not followed. Run it again to go on after an interruption.
    """
    from rich.console import Console

    from doctorsun.data.deidentify.folder import deidentify_folder
    from doctorsun.data.deidentify.key import default_key_path, open_key, write_beside
    from doctorsun.data.deidentify.options import Options, kept_by
    from doctorsun.data.deidentify.summary import PAGE, read_report
    from doctorsun.errors import DataError
    from doctorsun.recipes.progress import RunProgress

    session: Session = context.obj
    options = Options(dates=chosen.dates, keep=kept_by(chosen.keep or ()), read_pixels=not chosen.without_ocr)
    key_path = key or default_key_path()
    secret = open_key(key_path, outside=(out, path))
    with RunProgress(Console(stderr=True)).shown() as progress:
        left = deidentify_folder(
            path,
            out,
            secret,
            options,
            workers=workers,
            on_progress=lambda done, total: progress.store(out.name, done, total),
        )
    report = read_report(out)
    names = write_beside(key_path, out, left) if left else None
    _print(out, report, names, None if as_json else session.language)
    refused, written = report["files"]["refused"], report["files"]["written"]
    if refused:
        raise DataError(
            f"not everything is in {out}",
            got=f"{refused} refused and {written} written of {refused + written} files",
            do=f"see why in {out / PAGE}, and which in {names}",
        )


deid_command = flattened(deid, "chosen")


def _print(out: Path, report: dict[str, Any], names: Path | None, language: Language | None) -> None:
    """Print what was done: as a table in a language, as JSON without one."""
    from doctorsun.data.deidentify.summary import REPORT, STATES

    files, reasons = report["files"], report["not_written"]
    row = {"folder": str(out), **{state: files[state] for state in STATES}, "report": str(out / REPORT)}
    row |= {"old_names": str(names)} if names else {}
    if language is None:
        print_json(row | {"not_written": reasons})
        return
    print_rows([row], language)
    if reasons:
        told = {why_not_written(reason, language): number for reason, number in reasons.items()}
        print_rows([{"not written because": reason, "files": number} for reason, number in told.items()], language)
