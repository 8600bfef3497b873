"""Commands on weights: inspect, import, merge, pull, push."""

import shlex
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from doctorsun.cli import hub
from doctorsun.cli.facts_of_weights import facts_of_import, facts_of_weights
from doctorsun.cli.flattened import flattened
from doctorsun.cli.printing import print_facts, print_json
from doctorsun.cli.session import AsJson, Language, Session
from doctorsun.cli.words import say

if TYPE_CHECKING:
    from doctorsun.weights.parts import ReadOptions

Chat = Literal["llama3", "chatml", "vicuna_v1", "mistral_instruct", "llama_2_chinese", "plain"]
"""Names of `doctorsun.processor.chat_families`, written out: they are slow to import."""
ANYWHERE = "PATH|hf:..|ms:.."
LoraAlpha = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[PART=]N",
        help="Alpha of a LoRA whose settings are not beside it; vision=N and language=N where there are two.",
    ),
]
Source = Annotated[
    str,
    typer.Argument(
        metavar=ANYWHERE,
        help="Weights in any known layout: a file, a folder, a run, hf:owner/name@revision or ms:owner/name@revision.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a user says where weights do not tell."""

    vision_config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="config.json of the vision tower, for its number of heads.")
    ] = None
    text_config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="config.json of the language model, against the weights' own.")
    ] = None
    rope_theta: Annotated[float | None, typer.Option(metavar="BASE", help="Base of the rotary positions.")] = None
    rope_scaling: Annotated[
        str | None, typer.Option(metavar="SCALING", help="Their scaling: llama3 (of Llama 3.1), none, or its JSON.")
    ] = None
    lora_alpha: LoraAlpha = None

    def words(self) -> list[str]:
        """Return it as it is said on the command line."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        said = {name: value if isinstance(value, list) else [value] for name, value in given.items() if value}
        return [
            f"--{name.replace('_', '-')} {shlex.quote(f'{value}')}" for name, values in said.items() for value in values
        ]

    def options(self) -> "ReadOptions":
        """Return it as the readers of layouts take it."""
        from doctorsun.weights.read_options import read_options

        return read_options(
            vision_config=self.vision_config,
            text_config=self.text_config,
            rope_theta=self.rope_theta,
            rope_scaling=self.rope_scaling,
            lora_alpha=self.lora_alpha or (),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an import is to make, and of what."""

    vision: Annotated[
        str | None, typer.Option(metavar=ANYWHERE, help="Vision tower, in place of the weights' own.")
    ] = None
    projector: Annotated[
        str | None, typer.Option(metavar=ANYWHERE, help="Projector, in place of the weights' own.")
    ] = None
    language: Annotated[
        str | None, typer.Option(metavar=ANYWHERE, help="Language model, in place of the weights' own.")
    ] = None
    tokenizer: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", exists=True, file_okay=False, help="Tokenizer, in place of the language model's own."
        ),
    ] = None
    chat: Annotated[Chat | None, typer.Option(help="Chat template; as the weights tell when not given.")] = None
    fit: Annotated[
        Literal["crop", "pad"] | None, typer.Option(help="How images enter; as the weights tell when not given.")
    ] = None
    dtype: Annotated[
        Literal["float16", "bfloat16", "float32"] | None,
        typer.Option(help="Type of every tensor; the language model's when not given."),
    ] = None
    locked: Annotated[bool, typer.Option("--locked", help="Take only what models.lock names.")] = False
    offline: Annotated[bool, typer.Option("--offline", help="Take only what is on this machine already.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """How changes are joined."""

    dtype: Annotated[
        Literal["float16", "bfloat16", "float32"] | None,
        typer.Option(help="Type of every tensor; the base's when not given."),
    ] = None
    lora_alpha: LoraAlpha = None
    locked: hub.Locked = False
    offline: hub.Offline = False


def weights() -> None:
    """Look into weights, and start from published ones."""


def inspect(context: typer.Context, source: Source, *, said: Said, as_json: AsJson = False) -> None:
    """Say what weights are and how they load, from their headers alone.

    Of weights on a hub only headers and small files are fetched.
    """
    from doctorsun.weights.inspect import inspect as inspect_weights
    from doctorsun.weights.sources import as_named, look_at

    options = said.options()
    with look_at(source) as path:
        facts = as_named(inspect_weights(path, options), path, source)
    if as_json:
        print_json(facts)
        return
    session: Session = context.obj
    print_facts(facts_of_weights(facts))
    typer.echo(_verdict(source, facts["loads"], said, session.language))


def import_(
    context: typer.Context,
    source: Source,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The new folder.")],
    *,
    wanted: Wanted,
    said: Said,
    as_json: AsJson = False,
) -> None:
    """Make one stock LLaVA folder of published weights.

    Tensors pass one at a time, so that memory holds one of them. Run it again to go on after an interruption.
    """
    from doctorsun.storage.atomic import require_free
    from doctorsun.weights.import_weights import ImportRequest, SourceName, import_weights
    from doctorsun.weights.sources import bring

    options = said.options()
    require_free(out)
    named: dict[SourceName, str | None] = {
        "source": source,
        "vision": wanted.vision,
        "projector": wanted.projector,
        "language": wanted.language,
    }
    found: dict[SourceName, tuple[Path, str]] = {
        name: bring(text, locked=wanted.locked, offline=wanted.offline)
        for name, text in named.items()
        if text is not None
    }
    paths: dict[SourceName, Path] = {name: path for name, (path, _) in found.items()}
    called: dict[SourceName, str] = {name: text for name, (_, text) in found.items()}
    request = ImportRequest(
        vision=paths.get("vision"),
        projector=paths.get("projector"),
        language=paths.get("language"),
        tokenizer=wanted.tokenizer,
        read=options,
        chat=wanted.chat,
        fit=wanted.fit,
        dtype=wanted.dtype,
        addresses=called,
    )
    with _shown() as watch:
        report = import_weights(paths["source"], out, request, watch=watch)
    _print_made(report, out, context.obj, as_json=as_json)


def merge(
    context: typer.Context,
    base: Annotated[
        str, typer.Argument(metavar="BASE", help="A stock LLaVA folder, a run, or an address on a hub, to change.")
    ],
    adapter: Annotated[
        str, typer.Argument(metavar="ADAPTER", help="LoRA changes of it, as peft saves them; an address, too.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The new folder.")],
    *,
    joining: Joining,
    as_json: AsJson = False,
) -> None:
    """Join LoRA changes into their base, as one new stock folder.

    The base that the changes name is not followed: you name it. Tokenizer and processor stay as they are in the base.
    """
    from doctorsun.storage.atomic import require_free
    from doctorsun.weights.merge import merge_adapter
    from doctorsun.weights.read_options import read_options
    from doctorsun.weights.sources import bring

    require_free(out)
    read = read_options(lora_alpha=joining.lora_alpha or ())
    sources = {"base": base, "adapter": adapter}
    found = {name: bring(text, locked=joining.locked, offline=joining.offline) for name, text in sources.items()}
    called = {name: text for name, (_, text) in found.items()}
    with _shown() as watch:
        report = merge_adapter(
            found["base"][0],
            found["adapter"][0],
            out,
            dtype=joining.dtype,
            read=read,
            called=called,
            watch=watch,
        )
    _print_made(report, out, context.obj, as_json=as_json)


def _print_made(report: dict[str, Any], out: Path, session: Session, *, as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    print_facts(facts_of_import(report))
    typer.echo(say("weights_made", session.language, path=shlex.quote(str(out))))


def _verdict(source: str, loads: dict[str, Any], said: Said, language: Language) -> str:
    """Return one sentence on how weights load, with the next command."""
    key = {
        "as it is": "weights_as_it_is",
        "import": "weights_import",
        "part": "weights_part",
        "merge": "weights_merge",
        "no": "weights_no",
    }[loads["how"]]
    given = said.words() if loads["how"] == "import" else []
    options = "".join(f" {option}" for option in (*given, *loads["options"]))
    return say(key, language, path=shlex.quote(source), options=options, why=loads["why"])


@contextmanager
def _shown() -> Generator[Callable[[int, int], None]]:
    """Show, on a terminal, how many tensors and bytes are written."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.fields[tensors]} tensors"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        task, tensors = bars.add_task("", tensors=0), 0

        def watch(done: int, total: int) -> None:
            nonlocal tensors
            tensors += 1
            bars.update(task, completed=done, total=total, tensors=tensors)

        yield watch


app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=weights.__doc__)
app.callback()(weights)
app.command(name="inspect")(flattened(inspect, "said"))
app.command(name="import")(flattened(import_, "wanted", "said"))
app.command(name="merge")(flattened(merge, "joining"))
app.command(name="pull")(hub.pull_weights)
app.command(name="push")(hub.push_weights)
