"""The server's process: weights, address and keys are checked before the slow libraries are loaded."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING

from doctorsun.serve.abstention import Calibration, read_calibration
from doctorsun.serve.audit import open_audit
from doctorsun.serve.engines import OpenEngine, open_engine
from doctorsun.serve.keys import Keys, one_key, read_keys
from doctorsun.serve.listener import listen
from doctorsun.serve.options import EngineKind, ServerOptions
from doctorsun.serve.settings import ServeSettings
from doctorsun.serve.state import state_folder
from doctorsun.serve.unix_socket import unix_listener
from doctorsun.weights.folder import CALIBRATION, find_weights, revision_of

if TYPE_CHECKING:
    from fastapi import FastAPI


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a server says when it opens.

    Attributes:
        address: its URL without a path, or its Unix socket.
    """

    model: str
    revision: str
    engine: EngineKind
    address: str


def run_server(options: ServerOptions, tell: Callable[[Opening], None]) -> None:
    """Serve weights until the process is told to stop; running answers are finished first.

    Args:
        options: what to serve, where and to whom.
        tell: is called once, when the server opens.

    Raises:
        RecipeError: the address or the state folder cannot be had, the address is reachable from other machines and
            there is no key, the key file is wrong, or there is no calibration to abstain by.
        RequestError: the folder holds no weights.
        WeightsError: the weights cannot be loaded.
        MissingDependency: the engine is not installed.
        EngineFailure: the engine ended before it was ready.
    """
    weights = find_weights(options.folder) if options.folder else None
    with ExitStack() as closing:
        sockets = _listen(options, closing)
        settings = ServeSettings(
            model_name="",
            revision="",
            host=options.host,
            port=options.port,
            uds=options.uds,
            keys=_keys(options),
            engine=options.kind,
        )
        calibration = _calibration(options, weights)
        state = closing.enter_context(state_folder(options.state))
        audit = closing.enter_context(open_audit(state / "audit.jsonl"))
        engine = closing.enter_context(
            open_engine(options, weights, state=state, max_images=settings.max_images, tell=audit.record)
        )
        from doctorsun.serve.app import create_app

        settings = replace(settings, model_name=engine.name, revision=engine.revision)
        app = create_app(
            engine.chat,
            settings,
            images=engine.images,
            calibration=calibration,
            studies=state / "studies",
            audit=audit,
            reports=state / "reports.jsonl",
        )
        tell(_opening(settings, sockets[0]))
        _run(app, engine, sockets, options)


def _listen(options: ServerOptions, closing: ExitStack) -> list[socket]:
    if options.uds:
        return [closing.enter_context(unix_listener(options.uds))]
    return [closing.enter_context(each) for each in listen(options.host, options.port)]


def _keys(options: ServerOptions) -> Keys | None:
    if options.keys:
        return read_keys(options.keys)
    return one_key(options.api_key) if options.api_key else None


def _calibration(options: ServerOptions, weights: Path | None) -> Calibration | None:
    """Read the calibration beside weights; those that have none need not be hashed for it."""
    if weights is None or (options.abstain is None and not (weights / CALIBRATION).is_file()):
        return None
    return read_calibration(weights, revision_of(weights), options.abstain)


def _opening(settings: ServeSettings, listener: socket) -> Opening:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = str(settings.uds) if settings.uds else f"http://{host}:{listener.getsockname()[1]}"
    return Opening(model=settings.model_name, revision=settings.revision, engine=settings.engine, address=address)


def _run(app: "FastAPI", engine: OpenEngine, sockets: list[socket], options: ServerOptions) -> None:
    import uvicorn

    from doctorsun.serve.draining import DrainingServer
    from doctorsun.serve.patient_protocol import PatientProtocol

    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        ws="none",
        server_header=False,
        # Only a proxy reaches a Unix socket: it tells whose request it hands on.
        forwarded_allow_ips="*" if options.uds else None,
        # No access log: paths hold what clients write, and the audit log has the rest.
        access_log=False,
        log_level="warning",
    )
    DrainingServer(config, doors=app.state.doors, engine=engine.chat, timeout_s=options.drain_s).run(sockets)
