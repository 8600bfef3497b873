"""The command that searches a store for the questions and images of tests."""

from pathlib import Path
from typing import Annotated

import typer

from doctorsun.cli.printing import print_json, print_rows
from doctorsun.cli.session import AsJson, Session
from doctorsun.cli.task_folders import task_folders
from doctorsun.cli.words import say


def leak(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="STORE", help="Folder of a store that one may learn from.")],
    *,
    against: Annotated[
        list[str],
        typer.Option(
            metavar="TASK=DIR",
            help="A task ('doctorsun tasks' lists them) or a page.yaml, and its files as downloaded; or any name, and "
            "a store. Repeatable.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for leaks.json, leaks.jsonl (each sample) and leaks.html."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Search a store for the questions and images of tests.

    By layers, the strongest first: the image's data set and path, the hash of its file, the hash of its pixels, its
    look, and runs of 13 words or Chinese characters of a question; short or general questions never count alone. What
    was computed of a store is kept by its hash. Exit status 0 whatever is found.
    """
    tests = task_folders(against)
    from rich.console import Console

    from doctorsun.recipes.leak import find_leaks, open_out, tested_sets, write_leaks
    from doctorsun.recipes.progress import RunProgress
    from doctorsun.report.evaluation.told import told
    from doctorsun.report.leaks import write_leak_page
    from doctorsun.storage.cache import cache_folder

    session: Session = context.obj
    with RunProgress(Console(stderr=True)).shown() as progress:
        tested = tested_sets(tests, cache_folder(), lambda line: progress.say(told(line, session.language)))
        if out is not None:
            open_out(out)
        found = find_leaks(folder, tested, cache_folder(), progress.store)
    facts = found.facts()
    if as_json:
        print_json(facts)
    else:
        for test in facts["tests"]:
            typer.echo(say("leaks_of", session.language, **test))
            print_rows(test["layers"], session.language)
    if out is not None:
        write_leaks(found, out)
        page = write_leak_page(found, out, language=session.language)
        typer.echo(say("report_written", session.language, path=str(page)), err=True)
