"""The command that makes a clean, split, leak-free store of others."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from doctorsun.cli.data_words import part_of_error
from doctorsun.cli.flattened import flattened
from doctorsun.cli.printing import print_json, print_notes, print_rows
from doctorsun.cli.session import AsJson, Language, Session
from doctorsun.cli.task_folders import task_folders
from doctorsun.cli.words import column

if TYPE_CHECKING:
    from doctorsun.schema import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOptions:
    """The options of ``curate`` that say what stays."""

    steps: Annotated[
        Path | None, typer.Option(metavar="FILE.yaml", help="Settings of the steps; null takes a step out.")
    ] = None
    allow_licence: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLASS",
            help="Keep these licences too: permissive, attribution and share-alike (usual), non-commercial, agreement,"
            " unknown; repeatable.",
        ),
    ] = None
    against: Annotated[
        list[str] | None,
        typer.Option(metavar="TASK=DIR", help="Leave out what gives away the questions of a test; repeatable."),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerOptions:
    """The options of ``curate`` that say where it runs."""

    runner: Annotated[
        Literal["local", "ray"], typer.Option(help="This machine, or Ray: at RAY_ADDRESS, else a cluster of its own.")
    ] = "local"
    workers: Annotated[int, typer.Option(min=1, help="Processes at work.")] = 1


def curate(
    context: typer.Context,
    sources: Annotated[
        list[str], typer.Argument(metavar="SOURCE...", help="Folders of stores, and pages as 'collect' takes them.")
    ],
    *,
    out: Annotated[Path, typer.Option(metavar="STORE", help="Folder of the new store.")],
    root: Annotated[
        str | None, typer.Option(metavar="DIR", help="Folder that the paths in the pages start from.")
    ] = None,
    chosen: StepOptions,
    where: RunnerOptions,
    as_json: AsJson = False,
) -> None:
    """Check, clean, de-duplicate and split stores; what goes is listed with its reason.

    Run it again to go on after an interruption.
    """
    from rich.console import Console

    from doctorsun.recipes.curation import CurationJob, carry_out, load_settings
    from doctorsun.recipes.progress import RunProgress
    from doctorsun.report.evaluation.told import told

    session: Session = context.obj
    job = CurationJob(
        sources=sources,
        out=out,
        settings=load_settings(chosen.steps, chosen.allow_licence or ()),
        root=root,
        tests=task_folders(chosen.against or ()),
        runner=where.runner,
        workers=where.workers,
    )
    notes: list[str] = []
    with RunProgress(Console(stderr=True)).shown() as progress:
        store = carry_out(job, language=session.language, on_progress=progress.store, tell=notes.append)
    manifest = store.manifest
    facts = {"store": str(out), "read": manifest.read, "kept": manifest.kept, "dropped": manifest.dropped}
    facts |= {name: manifest.counts["split"].get(name, 0) for name in ("train", "validation", "test")}
    if as_json:
        print_json(facts | {"sha256": store.sha256, "dropped_reasons": manifest.dropped_reasons, "notes": notes})
        return
    known = (told(part_of_error(note, session.language), session.language) for note in notes)
    print_notes(known, session.language)
    print_rows([_in_words(facts, session.language)])
    print_rows([_in_words(row, session.language) for row in _reasons(manifest, session.language)])


curate_command = flattened(curate, "chosen", "where")


def _reasons(manifest: "Manifest", language: Language) -> list[dict[str, Any]]:
    """Return a row for each reason, the most frequent first."""
    from doctorsun.report.strings import translate

    falling = sorted(manifest.dropped_reasons.items(), key=lambda item: (-item[1], item[0]))
    return [
        {"reason": translate(f"drop.{name}", language), "samples": number, "share": f"{number / manifest.read:.1%}"}
        for name, number in falling
    ]


def _in_words(row: dict[str, Any], language: Language) -> dict[str, Any]:
    return {column(name, language): value for name, value in row.items()}
