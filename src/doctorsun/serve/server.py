"""The server's process: weights, address and key are checked before the slow libraries are loaded."""

import logging
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING

from doctorsun.serve.keys import one_key
from doctorsun.serve.listener import listen
from doctorsun.serve.settings import ServeSettings
from doctorsun.weights.folder import find_weights

if TYPE_CHECKING:
    from fastapi import FastAPI

logger = logging.getLogger("uvicorn.error")  # the one that uvicorn shows


def run_server(folder: Path, *, host: str = "127.0.0.1", port: int = 8000, api_key: str | None = None) -> None:
    """Serve weights until the process is told to stop; running answers are finished first.

    Args:
        folder: of weights, or of a run that has some; its name is the model's.
        host: where to listen.
        port: where to listen; 0 lets the system choose.
        api_key: what clients must present.

    Raises:
        RecipeError: the address cannot be had, or it is reachable from other machines and there is no key.
        RequestError: the folder holds no weights.
        WeightsError: the weights cannot be loaded.
    """
    weights = find_weights(folder)
    sockets = listen(host, port)
    try:
        name = folder.resolve().name
        settings = ServeSettings(
            model_name=name, revision="", host=host, port=port, keys=one_key(api_key) if api_key else None
        )
        _run(_load_app(weights, settings), sockets, settings)
    finally:
        for each in sockets:
            each.close()


def _load_app(weights: Path, settings: ServeSettings) -> "FastAPI":
    import torch

    from doctorsun.generate.engine import LocalEngine
    from doctorsun.generate.thread_share import ThreadShare
    from doctorsun.serve.app import create_app
    from doctorsun.serve.local import LocalChat
    from doctorsun.weights.folder import revision_of
    from doctorsun.weights.hugging_face import load_weights

    model, processor = load_weights(weights)
    torch.nn.Module.to(model, "cuda" if torch.cuda.is_available() else "cpu")
    ThreadShare(model).leave(are_needed=True)  # by those who read requests and write answers, all the time
    engine = LocalEngine(model, image_mean=processor.images.mean, image_std=processor.images.std)
    chat = LocalChat(engine, processor)
    return create_app(chat, replace(settings, revision=revision_of(weights)), images=processor.images)


def _run(app: "FastAPI", sockets: list[socket], settings: ServeSettings) -> None:
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, server_header=False))
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    port = sockets[0].getsockname()[1]
    logger.info("Serving the model '%s' on http://%s:%d/v1 (Ctrl-C stops it)", settings.model_name, host, port)
    with suppress(KeyboardInterrupt):  # uvicorn raises it again when it has stopped in good order
        server.run(sockets)
