"""The application: engine, gateway and routes put together."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.serve.abstention import Calibration
from doctorsun.serve.answered import Answered, Tell
from doctorsun.serve.audit import AuditLog
from doctorsun.serve.audited import AuditRequests, Ledger
from doctorsun.serve.doors import Doors
from doctorsun.serve.engine import ChatEngine
from doctorsun.serve.gateway import LabelAnswers, check_key, explain_errors
from doctorsun.serve.images import ClientImages, client_images
from doctorsun.serve.metrics import Metrics
from doctorsun.serve.openai.answers import Health, refusals
from doctorsun.serve.openai.chat import Chat
from doctorsun.serve.openai.described import leave_out_422
from doctorsun.serve.openai.routes import openai_router
from doctorsun.serve.own_hosts import AnswerOwnHosts
from doctorsun.serve.page_routes import page_router
from doctorsun.serve.report_routes import Reports, report_router
from doctorsun.serve.settings import ServeSettings
from doctorsun.serve.study_routes import add_studies


def create_app(
    engine: ChatEngine,
    settings: ServeSettings,
    *,
    images: ImageProcessor | None = None,
    calibration: Calibration | None = None,
    studies: Path | None = None,
    audit: AuditLog | None = None,
    reports: Path | None = None,
) -> FastAPI:
    """Return the application; its engine runs from start-up to shut-down.

    Closing the doors in ``app.state.doors`` lets nobody in any more, and ``/readyz`` says so.

    Args:
        engine: answers; from now on only the application may use it.
        settings: names, address and limits.
        images: how pictures lie in the model's square; None where that is not known.
        calibration: how far the likelihoods of options can be believed, and when not to answer.
        studies: the folder for what clients upload; None takes a temporary one.
        audit: records who asked and what became of it; None records nothing.
        reports: the file for reports of wrong answers; None takes none.
    """
    pictures = client_images(studies, settings.max_image_pixels)
    num_clients = len(settings.keys or ())
    doors = Doors(settings.max_open, num_clients=num_clients)
    memory = Doors(settings.max_held_bytes, num_clients=num_clients, full="more than the server can hold at once")
    metrics = Metrics()
    ledger = Ledger(audit, settings.revision)

    # The interactive documentation would load scripts from elsewhere; redirects would go where the Host header says.
    app = FastAPI(title="Doctor Sun", lifespan=_running(engine), docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.doors = doors
    explain_errors(app)
    leave_out_422(app)
    chat = Chat(
        engine=engine,
        settings=settings,
        doors=doors,
        memory=memory,
        read_image=pictures.read,
        images=images,
        calibration=calibration or Calibration(),
        begin=ledger.begin,
        tell=_tell_both(metrics, ledger),
    )
    app.include_router(openai_router(chat))
    _add_studies(app, pictures, settings, images, (doors, metrics))
    if reports:
        app.include_router(report_router(Reports(reports, settings.revision), settings, memory))
    app.include_router(page_router())
    _add_health(app, engine, doors)
    _add_metrics(app, engine, doors, metrics, settings)
    metrics.watch("held_bytes", "Bytes of requests in memory.", lambda: memory.num_inside)
    _add_gate(app, settings, metrics, ledger)
    return app


def _running(engine: ChatEngine) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        await engine.start()
        yield
        await engine.close()

    return lifespan


def _tell_both(metrics: Metrics, ledger: Ledger) -> Tell:
    def tell(answered: Answered) -> None:
        metrics.count_answer(answered)
        ledger.tell(answered)

    return tell


def _add_studies(
    app: FastAPI,
    pictures: ClientImages,
    settings: ServeSettings,
    images: ImageProcessor | None,
    watched: tuple[Doors, Metrics],
) -> None:
    doors, metrics = watched
    may_ask = partial(check_key, settings=settings)
    add_studies(app, pictures, may_ask, images, num_clients=len(settings.keys or ()), house=doors)
    metrics.watch("studies", "Studies that are kept.", lambda: pictures.studies.num_studies)
    metrics.watch("broken_decoders", "Decoding processes that a file broke.", lambda: pictures.sandbox.num_broken)


def _add_gate(app: FastAPI, settings: ServeSettings, metrics: Metrics, ledger: Ledger) -> None:
    """Add what every request passes, the last one first."""
    app.add_middleware(AuditRequests, ledger=ledger)
    if settings.is_loopback and not settings.uds:
        app.add_middleware(AnswerOwnHosts)
    app.add_middleware(LabelAnswers, settings=settings, metrics=metrics)


def _add_health(app: FastAPI, engine: ChatEngine, doors: Doors) -> None:
    @app.get("/healthz", responses={200: {"model": Health}})
    async def healthz() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    @app.get("/readyz", responses={status: {"model": Health} for status in (200, 503)})
    async def readyz() -> JSONResponse:
        status = "stopping" if doors.are_closing else "ready" if engine.is_ready else "engine down"
        return JSONResponse({"status": status}, 200 if status == "ready" else 503)


def _add_metrics(app: FastAPI, engine: ChatEngine, doors: Doors, metrics: Metrics, settings: ServeSettings) -> None:
    metrics.watch("running", "Answers that are being written.", lambda: engine.num_running)
    metrics.watch("waiting", "Questions whose answer was not begun.", lambda: engine.num_waiting)
    metrics.watch("engine_restarts", "How often the engine was started again.", lambda: engine.num_restarts)
    metrics.watch("places_taken", "Requests that hold a place.", lambda: doors.num_inside)

    @app.get("/metrics", responses={200: {"content": {"text/plain": {}}}, **refusals(401)}, response_class=Response)
    async def numbers(http: HttpRequest) -> Response:
        check_key(http, settings)
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)
