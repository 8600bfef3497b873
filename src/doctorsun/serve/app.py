"""The application: engine, gateway and routes put together."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

from doctorsun.generate.engine import Engine
from doctorsun.processor.processor import Processor
from doctorsun.serve.gateway import LabelAnswers, explain_errors
from doctorsun.serve.openai.routes import openai_router
from doctorsun.serve.scheduler import Scheduler
from doctorsun.serve.settings import ServeSettings

_LOOPBACK_NAMES = ["localhost", "127.0.0.1", "::1", "[::1]"]


def create_app(engine: Engine, processor: Processor, settings: ServeSettings) -> FastAPI:
    """Return the application; its engine runs from start-up to shut-down.

    Args:
        engine: answers; from now on only the application may use it.
        processor: of the weights that answer.
        settings: names, address and limits.
    """
    scheduler = Scheduler(engine, max_open=settings.max_open)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        scheduler.start()
        yield
        scheduler.close()

    # The interactive documentation would load scripts from elsewhere.
    app = FastAPI(title="Doctor Sun", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    explain_errors(app)
    app.include_router(openai_router(scheduler, processor, settings, engine.max_length))
    _add_health(app, scheduler)
    app.add_middleware(LabelAnswers, settings=settings)
    if settings.is_loopback:
        # A page elsewhere may point its own name at this machine; only our names are answered.
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=_LOOPBACK_NAMES)
    return app


def _add_health(app: FastAPI, scheduler: Scheduler) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        ready = scheduler.is_ready
        return JSONResponse({"status": "ready" if ready else "stopping"}, 200 if ready else 503)
