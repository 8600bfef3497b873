"""The command that answers other programs, and people in a browser: serve."""

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doctorsun.cli.flattened import flattened
from doctorsun.cli.session import Language, Session
from doctorsun.cli.words import say
from doctorsun.errors import RecipeError

if TYPE_CHECKING:
    from doctorsun.serve.server import Opening

_ENGINE_KEY = "DOCTORSUN_ENGINE_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressOptions:
    """The options of ``serve`` that say where it listens."""

    host: Annotated[str | None, typer.Option(metavar="H", help="Address to listen on; else 127.0.0.1.")] = None
    port: Annotated[int | None, typer.Option(metavar="P", min=0, max=65535, help="Port to listen on; else 8000.")] = (
        None
    )
    uds: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Unix socket to listen at, in place of host and port.")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """The options of ``serve`` that say whom it answers, and what it keeps of that."""

    api_key: Annotated[
        str | None,
        typer.Option(
            envvar="DOCTORSUN_API_KEY", show_envvar=True, help="Key that clients must give; needed off loopback."
        ),
    ] = None
    keys: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keys of several clients: a line 'NAME SHA256' each, closed to others."),
    ] = None
    abstain: Annotated[
        float | None,
        typer.Option(
            metavar="RISK",
            help="Rather give no answer to a question with options than be wrong so often: 0.05, 0.1 or 0.2; needs "
            "what 'doctorsun eval --calibrate' writes.",
        ),
    ] = None
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder for audit log, reports and studies; else ~/.local/state/doctorsun/serve."
        ),
    ] = None
    drain_timeout: Annotated[
        float, typer.Option(metavar="S", min=0, help="Seconds that answers may take to end at a stop.")
    ] = 30.0


def serve(
    context: typer.Context,
    model: Annotated[
        Path | None,
        typer.Argument(metavar="RUN|WEIGHTS", help="A run, or a folder of weights.", show_default=False),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            metavar="local|vllm|URL",
            help="What answers: our own engine or vLLM (found by DOCTORSUN_VLLM or PATH) in a child process, or a "
            f"server with the OpenAI API (its key: {_ENGINE_KEY}), which may have weights that are not here.",
        ),
    ] = "local",
    name: Annotated[
        str | None, typer.Option(help="What the model is called; else as its folder, or as the server at URL does.")
    ] = None,
    *,
    address: AddressOptions,
    clients: ClientOptions,
) -> None:
    """Serve a model: a page for people, and an API for OpenAI clients.

    Research use only.
    """
    from doctorsun.serve.options import ServerOptions
    from doctorsun.serve.server import run_server
    from doctorsun.serve.state import default_state

    if address.uds and (address.host is not None or address.port is not None):
        do = "leave the others out"
        raise RecipeError("--uds", got="--host or --port beside it", expected="one place to listen at", do=do)
    session: Session = context.obj
    options = ServerOptions(
        folder=model,
        state=clients.state or default_state(os.environ),
        host="127.0.0.1" if address.host is None else address.host,
        port=8000 if address.port is None else address.port,
        uds=address.uds,
        engine=engine,
        engine_key=os.environ.get(_ENGINE_KEY),
        name=name,
        api_key=clients.api_key,
        keys=clients.keys,
        abstain=clients.abstain,
        drain_s=clients.drain_timeout,
    )
    if options.kind == "vllm":
        from doctorsun.serve.vllm import find_vllm

        find_vllm()  # before it is said to start
        typer.echo(say("serve_starting", session.language, log=str(options.state / "engine.log")), err=True)
    run_server(options, partial(_tell, session.language))


def _tell(language: Language, opening: "Opening") -> None:
    """Say on standard error that the server is open, and where."""
    facts = {"model": opening.model, "revision": opening.revision, "engine": opening.engine}
    where = "serve_at_url" if opening.address.startswith("http") else "serve_at_socket"
    lines = [
        say("serve_open", language, **facts),
        say(where, language, address=opening.address),
        say("serve_notice", language),
    ]
    typer.echo("\n".join(lines), err=True)


serve_command = flattened(serve, "address", "clients")
