"""The command that answers other programs: serve."""

from pathlib import Path
from typing import Annotated

import typer


def serve(
    model: Annotated[Path, typer.Argument(metavar="RUN|WEIGHTS", help="A run, or a folder of weights.")],
    host: Annotated[str, typer.Option(metavar="H", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="P", min=0, max=65535, help="Port to listen on.")] = 8000,
    api_key: Annotated[
        str | None,
        typer.Option(
            envvar="DOCTORSUN_API_KEY", show_envvar=True, help="Key that clients must give; needed off loopback."
        ),
    ] = None,
) -> None:
    """Serve a model to OpenAI clients.

    Research use only.
    """
    from doctorsun.serve.server import run_server

    run_server(model, host=host, port=port, api_key=api_key)
