"""Commands that bring raw data into stores: import, convert, collect, formats; and those on adapters."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doctorsun.cli.printing import print_json, print_rows
from doctorsun.cli.session import AsJson
from doctorsun.errors import RecipeError

if TYPE_CHECKING:
    from doctorsun.data.readers.item import Reader

Out = Annotated[Path, typer.Option("--out", metavar="STORE", help="Folder of the new store.")]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Processes that read and convert.")]
adapters = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="List adapters, and draft new ones.")


def import_(
    format_name: Annotated[str, typer.Argument(metavar="FORMAT", help="See 'doctorsun data formats'.")],
    path: Annotated[str, typer.Argument(metavar="PATH", help="A file, a folder, or a quoted pattern.")],
    *,
    out: Out,
    images: Annotated[
        list[str] | None, typer.Option("--images", metavar="DIR", help="Folder or zip archive of the images.")
    ] = None,
    remap: Annotated[
        list[str] | None,
        typer.Option("--remap", metavar="OLD=NEW", help="Replace the beginning of the image paths in the file."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="dataset, licence, split, language or domain of all samples, such as licence=CC-BY-4.0; "
            "what the files tell when not given.",
        ),
    ] = None,
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """Bring published conversations, questions or prose into a store.

    Run it again to go on after an interruption.
    """
    from doctorsun.config.collection import ImportSource
    from doctorsun.config.load import section_of
    from doctorsun.data.collect import open_source

    given = {"format": format_name, "path": path, "images": images or [], "remap": dict(map(_pair, remap or ()))}
    source = section_of(given, settings or [], ImportSource)
    step = {"step": "import", **source.model_dump(mode="json")}
    _read(open_source(source), out, step, workers, name=source.dataset or source.format, as_json=as_json)


def convert(
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
    _read(open_source(source), out, step, workers, name=page["dataset"], as_json=as_json)


def collect(
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
    _read(open_collection(collection), out, step, workers, name=collection.name, as_json=as_json)


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


def _read(reader: "Reader[Any]", out: Path, step: dict[str, Any], workers: int, *, name: str, as_json: bool) -> None:
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
        compared = ", from the same inputs" if manifest.inputs_sha256 else ""
        row["note"] = f"was complete already{compared}; remove it to read its sources again"
    elif not len(store):
        row["note"] = "the source gave no sample"
    print_json(row | {"dropped_reasons": manifest.dropped_reasons}) if as_json else print_rows([row])


def _pair(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not equals or not old:
        raise RecipeError("--remap", got=f"'{text}'", expected="OLD=NEW", do="write the old beginning, '=' and the new")
    return old, new
