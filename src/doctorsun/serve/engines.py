"""The engines that a server can have: our own or vLLM in a child process, or one elsewhere."""

import asyncio
import logging
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from doctorsun.errors import RecipeError, RequestError
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.serve.engine import ChatEngine
from doctorsun.serve.engine_process import EngineCommand, EngineProcess
from doctorsun.serve.options import ServerOptions
from doctorsun.serve.remote import Backend, RemoteChat
from doctorsun.serve.supervisor import Change, ChildChat, Patience, SupervisedChat
from doctorsun.serve.unix_socket import check_path
from doctorsun.weights.folder import revision_of

logger = logging.getLogger("uvicorn.error")  # the one that uvicorn shows

UNKNOWN_REVISION = "unknown"
_LOOK_S = 0.05  # between two looks at our own engine, which cost nothing
_STOP_S = 5.0  # for its end, which comes at once unless it is frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEngine:
    """An engine that can answer, and what is known of its model.

    Attributes:
        chat: answers.
        name: of the model.
        revision: names its weights exactly.
        images: how pictures lie in the model's square; None where that is not known.
    """

    chat: ChatEngine
    name: str
    revision: str
    images: ImageProcessor | None


@contextmanager
def open_engine(
    options: ServerOptions, weights: Path | None, *, state: Path, max_images: int, tell: Callable[[Change], None]
) -> Generator[OpenEngine]:
    """Load or start the engine that the options name; it is gone after the block.

    Args:
        options: of the server.
        weights: the folder that they name.
        state: the folder for the engine's socket and log.
        max_images: of a question.
        tell: is called when an engine in a child process went, and when it is back.

    Raises:
        WeightsError: the weights cannot be loaded.
        MissingDependency: vLLM is wanted and not there.
        EngineFailure: the child process ended before it was ready.
        RecipeError: the server elsewhere does not say what its model is called, or has other weights.
    """
    if options.kind == "remote" or weights is None:
        yield _remote(options, weights)
    elif options.kind == "vllm":
        with _vllm(options, weights, state, max_images, tell) as chat:
            yield _of_weights(options, weights, chat, revision_of(weights))
    else:
        with local_engine(weights, state, tell=tell) as (chat, revision):
            yield _of_weights(options, weights, chat, revision)


@contextmanager
def local_engine(
    weights: Path, state: Path, *, tell: Callable[[Change], None] = lambda _change: None
) -> Generator[tuple[ChatEngine, str]]:
    """Start our own engine in a child process, on the accelerator where there is one; it is gone after the block.

    What comes is the engine with the revision of its weights; started again, it answers with no others.

    Args:
        weights: what it answers with.
        state: the folder for its socket and log.
        tell: is called when it went, and when it is back.

    Raises:
        WeightsError: the weights cannot be loaded, or are not what their SHA256SUMS say.
        EngineFailure: the engine ended before it was ready.
        RecipeError: the path of the state folder is too long for a socket.
    """
    from doctorsun.processor.processor import Processor
    from doctorsun.serve.local import LocalChat
    from doctorsun.serve.token_client import TokenClient

    socket = state / "engine.sock"
    words = (sys.executable, "-m", "doctorsun.serve.token_server", str(socket), str(weights))
    command = EngineCommand(words=words, socket=socket, log=state / "engine.log")
    chat = LocalChat(TokenClient(socket), Processor.from_folder(weights))
    with _supervised(command, chat, tell, Patience(look_s=_LOOK_S, stop_s=_STOP_S)) as engine:
        yield engine, chat.revision


def name_of(options: ServerOptions) -> str | None:
    """Return what the model is called as far as the options tell."""
    return options.name or (options.folder.resolve().name if options.folder else None)


def _of_weights(options: ServerOptions, weights: Path, chat: ChatEngine, revision: str) -> OpenEngine:
    from doctorsun.processor.config_files import read_geometry

    name, images = name_of(options) or "", read_geometry(weights).images
    return OpenEngine(chat=chat, name=name, revision=revision, images=images)


@contextmanager
def _vllm(
    options: ServerOptions, weights: Path, state: Path, max_images: int, tell: Callable[[Change], None]
) -> Generator[ChatEngine]:
    from doctorsun.processor.processor import Processor
    from doctorsun.serve.remote_prompts import RemotePrompts
    from doctorsun.serve.vllm import vllm_command

    name = name_of(options) or ""
    command = vllm_command(weights, name, state, max_images=max_images, drain_s=options.drain_s)
    backend = Backend(socket=command.socket, model=name, health=command.health)
    chat = RemoteChat(backend, prompts=RemotePrompts(Processor.from_folder(weights)))
    with _supervised(command, chat, tell, Patience()) as engine:
        yield engine


@contextmanager
def _supervised(
    command: EngineCommand, chat: ChildChat, tell: Callable[[Change], None], patience: Patience
) -> Generator[ChatEngine]:
    check_path(command.socket)
    process = EngineProcess(command)
    engine = SupervisedChat(process, chat, tell=tell, patience=patience)
    try:
        asyncio.run(engine.launch())
        yield engine
    finally:
        process.kill()


def _remote(options: ServerOptions, weights: Path | None) -> OpenEngine:
    from doctorsun.processor.processor import Processor
    from doctorsun.serve.remote_prompts import RemotePrompts

    backend = Backend(url=options.engine, model=options.name, api_key=options.engine_key)
    try:
        card, problem = asyncio.run(_card_of(RemoteChat(backend)))
    except RequestError as error:
        raise RecipeError("--engine", got=error.got, expected=error.expected) from error
    if problem:
        logger.warning("The engine cannot answer yet: %s", problem)
    told = str(card["revision"]) if "revision" in card else None
    if weights:
        revision = revision_of(weights)
        _require_same(told or revision, revision, options.engine)
        chat = RemoteChat(replace(backend, revision=revision), prompts=RemotePrompts(Processor.from_folder(weights)))
        return _of_weights(options, weights, chat, revision)
    name = options.name or card.get("id")
    if name is None:
        do = "start it first, give its key, or tell the model's name with --name"
        raise RecipeError(f"engine {options.engine}", got=problem, expected="one model", do=do)
    chat = RemoteChat(replace(backend, revision=told))
    return OpenEngine(chat=chat, name=str(name), revision=told or UNKNOWN_REVISION, images=None)


async def _card_of(chat: RemoteChat) -> tuple[dict[str, object], str]:
    """Look once what a server says of its model, and why it does not if it does not."""
    await chat.start()
    card, problem = chat.card, chat.problem
    await chat.close()
    return card, problem


def _require_same(found: str, expected: str, engine: str) -> None:
    if found != expected:
        do = "name the folder that it serves"
        raise RecipeError(f"engine {engine}", got=f"weights of revision {found}", expected=expected, do=do)
