"""Commands that bring raw data into stores: import, convert, collect, formats; and those on adapters."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doctorsun.cli.flattened import flattened
from doctorsun.cli.printing import print_json, print_rows
from doctorsun.cli.session import AsJson, Language
from doctorsun.cli.words import say
from doctorsun.errors import RecipeError

if TYPE_CHECKING:
    from doctorsun.data.readers.item import Reader
    from doctorsun.storage.store import Store

Out = Annotated[Path, typer.Option("--out", metavar="STORE", help="Folder of the new store.")]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Processes that read and convert.")]
adapters = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="List adapters, and draft new ones.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """The options of ``import`` that say what its files do not."""

    images: Annotated[
        list[str] | None, typer.Option("--images", metavar="DIR", help="Folder or zip archive of the images.")
    ] = None
    remap: Annotated[
        list[str] | None,
        typer.Option("--remap", metavar="OLD=NEW", help="Replace the beginning of the image paths in the file."),
    ] = None
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="dataset, licence, split, language or domain of all samples, such as licence=CC-BY-4.0; "
            "what the files tell when not given.",
        ),
    ] = None


def import_(
    context: typer.Context,
    format_name: Annotated[str, typer.Argument(metavar="FORMAT", help="See 'doctorsun data formats'.")],
    path: Annotated[str, typer.Argument(metavar="PATH", help="A file, a folder, or a quoted pattern.")],
    *,
    out: Out,
    told: FileOptions,
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """Bring published conversations, questions or prose into a store.

    Run it again to go on after an interruption.
    """
    from doctorsun.config.collection import ImportSource
    from doctorsun.config.load import section_of
    from doctorsun.data.collect import open_source

    paths = {"images": told.images or [], "remap": dict(map(_pair, told.remap or ()))}
    source = section_of({"format": format_name, "path": path} | paths, told.settings or [], ImportSource)
    step = {"step": "import", **source.model_dump(mode="json")}
    row = _read(open_source(source), out, step, workers, name=source.dataset or source.format)
    _print(row, None if as_json else context.obj.language)


import_command = flattened(import_, "told")


def convert(
    context: typer.Context,
    adapter: Annotated[str, typer.Argument(metavar="ADAPTER", help="Name of a shipped adapter, or a YAML file.")],
    root: Annotated[str, typer.Option("--root", metavar="DIR", help="Folder of the data set, as downloaded.")],
    out: Out,
    workers: Workers = 1,
    *,
    as_json: AsJson = False,
) -> None:
    """Turn annotated images into bilingual questions, captions and reports.

    Run it again to go on after an interruption.
    """
    from doctorsun.config.collection import ConvertSource
    from doctorsun.data.adapters.load import load_adapter
    from doctorsun.data.collect import open_source

    source = ConvertSource(adapter=adapter, root=root)
    page = load_adapter(adapter).model_dump(mode="json")
    step = {"step": "convert", "root": root, "adapter": page}
    row = _read(open_source(source), out, step, workers, name=page["dataset"])
    _print(row, None if as_json else context.obj.language)


def collect(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="COLLECTION", help="YAML file that lists sources.")],
    out: Out,
    root: Annotated[
        str | None, typer.Option("--root", metavar="DIR", help="Folder that the paths in the file start from.")
    ] = None,
    workers: Workers = 1,
    *,
    as_json: AsJson = False,
) -> None:
    """Bring several sources into one store.

    Run it again to go on after an interruption.
    """
    from doctorsun.data.adapters.load import load_collection
    from doctorsun.data.collect import open_collection

    collection = load_collection(path)
    if root is not None:
        collection = collection.model_copy(update={"root": root})
    step = {"step": "collect", **collection.model_dump(mode="json")}
    row = _read(open_collection(collection), out, step, workers, name=collection.name)
    _print(row, None if as_json else context.obj.language)


def formats(*, as_json: AsJson = False) -> None:
    """List the formats that 'import' reads."""
    from doctorsun.data.formats import FORMATS

    rows = [{"format": each.name, "what": each.summary} for each in FORMATS]
    print_json(rows) if as_json else print_rows(rows)


@adapters.command(name="list")
def list_adapters(*, as_json: AsJson = False) -> None:
    """List the adapters that 'convert' knows by name."""
    from doctorsun.data.adapters.load import load_adapter, shipped_adapters

    pages = {name: load_adapter(name) for name in shipped_adapters()}
    rows = [
        {"adapter": name, "data set": page.title, "task": page.task, "licence": " or ".join(page.licences())}
        for name, page in pages.items()
    ]
    print_json(rows) if as_json else print_rows(rows)


@adapters.command(name="new")
def new_adapter(
    root: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the data set, as downloaded.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where the page goes; it is printed when not given.")
    ] = None,
) -> None:
    """Draft the adapter of a folder by looking at it."""
    from doctorsun.data.draft.draft import draft_adapter

    if out is not None and out.exists():
        raise RecipeError(f"{out}", got="a file that is there", expected="a new file", do="choose another name")
    page = draft_adapter(root)
    if out is None:
        typer.echo(page, nl=False)
    else:
        out.write_text(page, encoding="utf-8")


def _read(reader: "Reader[Any]", out: Path, step: dict[str, Any], workers: int, *, name: str) -> dict[str, Any]:
    """Read a source into a store, and return what came of it."""
    from rich.console import Console

    from doctorsun.data.missing import report_missing
    from doctorsun.data.pipeline import read_into
    from doctorsun.data.readers.collected import sample_ratios_of
    from doctorsun.recipes.progress import RunProgress
    from doctorsun.storage.store import store_is_complete

    was_complete = store_is_complete(out)
    if ratios := sample_ratios_of(reader):
        step = step | {"sample_ratios": ratios}
    with RunProgress(Console(stderr=True)).shown() as progress:
        store = read_into(
            out,
            reader,
            name=name,
            step=step,
            workers=workers,
            on_progress=lambda done, total: progress.store(out.name, done, total),
        )
    manifest = store.manifest
    row = {
        "store": str(out),
        "samples": len(store),
        "read": manifest.read,
        "kept": manifest.kept,
        "dropped": manifest.dropped,
        "missing images": report_missing(store),
        **manifest.counts["language"],
    }
    if was_complete:
        row["note"] = "was_complete_compared" if manifest.inputs_sha256 else "was_complete"
    elif not len(store):
        row["note"] = "no_sample"
    return row | _told_groups(store) | {"dropped_reasons": manifest.dropped_reasons}


def _told_groups(store: "Store") -> dict[str, int]:
    """Return how many patients, studies and articles the samples are told to be of; nothing where none is."""
    columns = {"patients": "groups.patient", "studies": "groups.study", "articles": "groups.article"}
    numbers = {name: len({*store.column(field)} - {""}) for name, field in columns.items()}
    return {name: number for name, number in numbers.items() if number}


def _print(row: dict[str, Any], language: Language | None) -> None:
    """Print what came of a source: as a table in a language, as JSON without one."""
    if "note" in row:
        row["note"] = say(row["note"], language or "en")
    if language is None:
        print_json(row)
    else:
        print_rows([{name: value for name, value in row.items() if name != "dropped_reasons"}], language)


def _pair(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not equals or not old:
        raise RecipeError("--remap", got=f"'{text}'", expected="OLD=NEW", do="write the old beginning, '=' and the new")
    return old, new
