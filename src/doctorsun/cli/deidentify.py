"""The command ``doctorsun data deid``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from doctorsun.cli.printing import print_json, print_notes, print_rows
from doctorsun.cli.session import AsJson, Session
from doctorsun.cli.words import say


def deid(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file or a folder.")],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The new folder.")],
    key: Annotated[
        Path | None,
        typer.Option(
            "--key",
            metavar="FILE",
            help="Secret from which new names, identifiers and dates are derived; made at its first use. Else "
            "DOCTORSUN_DEIDENTIFICATION_KEY, else ~/.config/doctorsun/deidentification.key.",
        ),
    ] = None,
    dates: Annotated[
        Literal["shift", "remove"],
        typer.Option("--dates", help="Move the dates of each patient by days of their own, or remove them."),
    ] = "shift",
    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep",
            metavar="characteristics|descriptors|safe-private",
            help="What else may stay, by the options of PS3.15: age, sex, size and weight; descriptions, cleaned; "
            "private elements that the standard lists as safe. May be given several times.",
        ),
    ] = None,
    without_ocr: Annotated[
        bool,
        typer.Option(
            "--without-ocr", help="Leave pixels as they are, even those that may hold text. The report records it."
        ),
    ] = False,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes at work.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Write images without what tells of the patient: headers, names, dates, text in pixels.

    DICOM by PS3.15 Annex E; NIfTI, TIFF, slides, PNG and JPEG. What cannot be made clean is not written. Run it again
    to go on after an interruption.
    """
    from rich.console import Console

    from doctorsun.data.deidentify.folder import deidentify_folder
    from doctorsun.data.deidentify.key import default_key_path, open_key, write_beside
    from doctorsun.data.deidentify.options import Options, kept_by
    from doctorsun.data.deidentify.summary import REPORT, STATES, read_report
    from doctorsun.recipes.progress import RunProgress

    session: Session = context.obj
    key_path = key or default_key_path()
    options = Options(dates=dates, keep=kept_by(keep or ()), read_pixels=not without_ocr)
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
    files = report["files"]
    row = {"folder": str(out), **{state: files[state] for state in STATES}, "report": str(out / REPORT)}
    print_json(row | {"not_written": report["not_written"]}) if as_json else print_rows([row])
    if not as_json and report["not_written"]:
        print_rows(
            [{"not written because": reason, "files": number} for reason, number in report["not_written"].items()]
        )
    if left:
        print_notes([say("deid_left", session.language, path=str(write_beside(key_path, out, left)))], session.language)
