"""Commands on stores: build, stats, show, verify, export, pull, push."""

from dataclasses import asdict
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doctorsun.cli import curation, deidentify, hub, leak, sources
from doctorsun.cli.printing import print_facts, print_json, print_rows
from doctorsun.cli.session import AsJson, RecipeName, Session, Settings
from doctorsun.cli.words import say

if TYPE_CHECKING:
    from doctorsun.storage.store import Store

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Bring raw data into stores, and look into them.")
app.command(name="import")(sources.import_command)
for command in (sources.convert, sources.collect, sources.formats):
    app.command()(command)
app.command(name="curate")(curation.curate_command)
app.command()(leak.leak)
app.add_typer(sources.adapters, name="adapter")
app.command(name="deid")(deidentify.deid_command)
app.command(name="pull")(hub.pull_store)
app.command(name="push")(hub.push_store)
StoreFolder = Annotated[Path, typer.Argument(metavar="STORE", help="Folder of a store.")]


@app.command()
def build(
    recipe: RecipeName,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="RUN", help="Folder of the run; runs/<recipe name> when not given.")
    ] = None,
    settings: Settings = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make every store that a recipe needs.

    Run it again to go on after an interruption.
    """
    from rich.console import Console

    from doctorsun.recipes.check import load_checked
    from doctorsun.recipes.progress import RunProgress
    from doctorsun.recipes.stores import RunStores

    loaded = load_checked(recipe, settings or [])
    with RunProgress(Console(stderr=True)).shown() as progress:
        stores = RunStores(loaded, out or Path("runs") / loaded.name, progress.store).open_all()
    rows = [
        {"store": name, "rows": len(store), "dropped": store.manifest.dropped, "sha256": store.sha256}
        for name, store in stores.items()
    ]
    print_json(rows) if as_json else print_rows(rows)


@app.command()
def stats(folder: StoreFolder, *, as_json: AsJson = False) -> None:
    """Count the samples of a store.

    By language, modality, task and licence; and what was dropped.
    """
    from doctorsun.storage.store import Store

    manifest = asdict(Store(folder).manifest)
    facts = {"name": manifest["name"], "rows": sum(shard["num_rows"] for shard in manifest["shards"])}
    facts |= {key: manifest[key] for key in ("read", "kept", "dropped", "dropped_reasons", "counts")}
    print_json(facts) if as_json else print_facts(facts)


@app.command()
def show(
    folder: StoreFolder,
    number: Annotated[
        int | None,
        typer.Option("--n", min=1, help="How many: 3 samples, or all dropped items of each reason, when not given."),
    ] = None,
    *,
    dropped: Annotated[
        bool, typer.Option("--dropped", help="Print what gave no sample instead, by its reason.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print the first samples of a store, without their images; or what was dropped, and why."""
    from doctorsun.storage.store import Store

    store = Store(folder)
    if dropped:
        rows = _dropped(store, number)
        print_json(rows) if as_json else print_rows(rows)
        return
    samples = list(islice(store.without_images(), 3 if number is None else number))
    if as_json:
        print_json([asdict(sample) for sample in samples])
        return
    for sample in samples:
        typer.echo(f"# {sample.id}  {sample.language}  {sample.modality}  {sample.task}")
        for message in sample.messages:
            typer.echo(f"{message.role}: {'[image] ' * message.num_images}{message.text}")
        for text in sample.rejected:
            typer.echo(f"rejected: {text}")
        typer.echo("")


def _dropped(store: "Store", number: int | None) -> list[dict[str, str]]:
    """Return the first dropped items of each reason, the most frequent reason first."""
    by_reason: dict[str, list[dict[str, str]]] = {}
    for item in store.dropped():
        rows = by_reason.setdefault(item["reason"], [])
        if number is None or len(rows) < number:
            rows.append({"reason": item["reason"], "item": item["original_id"], "detail": item["detail"]})
    counts = store.manifest.dropped_reasons
    return [row for reason in sorted(by_reason, key=lambda each: (-counts[each], each)) for row in by_reason[reason]]


@app.command()
def card(
    context: typer.Context,
    folder: StoreFolder,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.html", help="The page; STORE/card.html when not given.")
    ] = None,
) -> None:
    """Write the card of a store: what it holds, its licences, samples to look at.

    A page in the language of --lang (the locale's when not given), and beside it Markdown for the Hugging Face hub, in
    English and then Chinese.
    """
    from doctorsun.report.store import write_card

    session: Session = context.obj
    for path in write_card(folder, out, language=session.language):
        typer.echo(str(path))


@app.command()
def verify(context: typer.Context, folder: StoreFolder) -> None:
    """Compare every shard of a store with its hash."""
    from doctorsun.storage.store import Store

    session: Session = context.obj
    Store(folder).verify()
    typer.echo(say("store_intact", session.language))


@app.command()
def export(
    folder: StoreFolder,
    format_name: Annotated[
        str,
        typer.Option("--format", metavar="FORMAT", help="llava, webdataset, messages (OpenAI) or hf (Hugging Face)."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The new folder.")],
    split: Annotated[
        str | None,
        typer.Option("--split", metavar="SPLIT", help="train, validation or test alone; all when not given."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Write a store in a format that other trainers read.

    'import' reads every export again and gives the same samples.
    """
    from rich.console import Console

    from doctorsun.data.export.export import export_format, export_store
    from doctorsun.recipes.progress import RunProgress
    from doctorsun.report.store import hub_readme
    from doctorsun.storage.store import Store

    chosen, store = export_format(format_name), Store(folder)
    with RunProgress(Console(stderr=True)).shown() as progress:
        done = export_store(
            store,
            chosen,
            out,
            split=split,
            readme=partial(hub_readme, folder),
            on_progress=lambda done, total: progress.store(out.name, done, total),
        )
    row = {
        "export": str(out),
        "format": chosen.name,
        "samples": sum(done.num_samples.values()),
        **done.num_samples,
        "samples with images that are not here": done.num_references,
    }
    print_json(row) if as_json else print_rows([row])
