"""The routes of the OpenAI chat API."""

from typing import Any

from fastapi import APIRouter
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse, Response

from doctorsun.serve.gateway import check_key
from doctorsun.serve.openai.answers import ModelCard, ModelList, refusals
from doctorsun.serve.openai.chat import Chat
from doctorsun.serve.openai.described import chat_description


def openai_router(chat: Chat) -> APIRouter:
    """Return the routes below ``/v1``."""
    router = APIRouter(prefix="/v1")

    @router.get("/models", responses={200: {"model": ModelList}, **refusals(401)})
    async def models(http: HttpRequest) -> JSONResponse:
        check_key(http, chat.settings)
        return JSONResponse({"object": "list", "data": [_model_card(chat)]})

    @router.get("/models/{name:path}", responses={200: {"model": ModelCard}, **refusals(401, 404)})
    async def model(http: HttpRequest, name: str) -> JSONResponse:
        check_key(http, chat.settings)
        chat.require_model(name)
        return JSONResponse(_model_card(chat))

    @router.post("/chat/completions", **chat_description(chat.settings.model_name))
    async def chat_completions(http: HttpRequest) -> Response:
        return await chat.answer(http, check_key(http, chat.settings))

    return router


def _model_card(chat: Chat) -> dict[str, Any]:
    card = {
        "id": chat.settings.model_name,
        "object": "model",
        "created": 0,
        "owned_by": "doctorsun",
        "revision": chat.settings.revision,
        "max_model_len": chat.engine.max_length,
        "engine": chat.settings.engine,
        "abstention": _abstention(chat),
        "research_use_only": True,
    }
    if chat.images:
        # Boxes in the text of answers are thousandths of this square: with the fit, clients turn them into pixels.
        card |= {"image_size": chat.images.size, "image_fit": chat.images.fit}
    return card


def _abstention(chat: Chat) -> dict[str, Any] | None:
    if chat.calibration.target_risk is None:
        return None
    return {"target_risk": chat.calibration.target_risk, "thresholds": dict(chat.calibration.thresholds)}
