"""The option that names tasks and where their questions are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

TaskFolders = Annotated[
    list[str],
    typer.Option(
        "--task",
        metavar="NAME[=DIR]",
        help="A task ('doctorsun tasks' lists them) or a page.yaml, and its files as downloaded, or a store; "
        "injection is drawn and needs no DIR.",
    ),
]


def task_folders(texts: Sequence[str]) -> dict[str, Path]:
    """Read NAME=DIR pairs; a name has one folder, because its answers have one. A task that is drawn needs none."""
    from doctorsun.eval.tasks.load import drawn_page

    stores: dict[str, Path] = {}
    for text in texts:
        name, equals, store = text.partition("=")
        page = None if equals else drawn_page(name)
        if page:
            equals, store = "=", str(page)
        if not (name and equals and store):
            raise typer.BadParameter(f"'{text}' is not NAME=DIR, such as phantom=runs/tiny/stores/phantom/test")
        if name in stores:
            raise typer.BadParameter(
                f"task '{name}' has two folders, {stores[name]} and {store}; ask each of them with an --out of its own"
            )
        stores[name] = Path(store)
    return stores
