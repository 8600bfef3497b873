"""The routes of the OpenAI chat API."""

from contextlib import AsyncExitStack
from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from doctorsun.errors import RequestError
from doctorsun.generate.text_stream import TextStream
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.processor.processor import Processor
from doctorsun.serve.gateway import check_key, read_json
from doctorsun.serve.openai.body import ChatBody, read_body
from doctorsun.serve.openai.completions import EventStream, events, pieces, unless_gone, whole
from doctorsun.serve.openai.conversation import engine_request
from doctorsun.serve.openai.reply import Reply
from doctorsun.serve.scheduler import Scheduler
from doctorsun.serve.settings import ServeSettings


def openai_router(scheduler: Scheduler, processor: Processor, settings: ServeSettings, max_length: int) -> APIRouter:
    """Return the routes below ``/v1``.

    Args:
        scheduler: gives places and answers.
        processor: of the weights that answer.
        settings: names and limits.
        max_length: the most tokens of prompt and answer together.
    """
    router = APIRouter(prefix="/v1")

    @router.get("/models")
    async def models(http: HttpRequest) -> dict[str, Any]:
        check_key(http, settings)
        return {"object": "list", "data": [_model_card(settings, processor.images, max_length)]}

    @router.post("/chat/completions")
    async def chat_completions(http: HttpRequest) -> Response:
        check_key(http, settings)
        body = read_body(await read_json(http, settings.max_body_bytes))
        _check_model(body, settings)
        # A place comes before images are decoded: what will be refused should cost nothing.
        async with AsyncExitStack() as closing:
            _take_place(scheduler)
            closing.callback(scheduler.free_place)
            request = await run_in_threadpool(engine_request, body, processor, settings, max_length)
            answer = pieces(scheduler.answer(request), TextStream(processor.decode, body.stops))
            closing.push_async_callback(answer.aclose)
            first = await unless_gone(anext(answer), http.receive)
            reply = Reply(settings=settings, num_prompt_tokens=len(request.prompt_ids))
            if not body.stream:
                return JSONResponse(await unless_gone(whole(first, answer, reply), http.receive))
            include_usage = body.stream_options is not None and body.stream_options.include_usage
            content = events(first, answer, reply, include_usage=include_usage)
            return EventStream(content, closing=closing.pop_all())

    return router


def _take_place(scheduler: Scheduler) -> None:
    if not scheduler.take_place():
        refusal = RequestError("request", got="too many at once", expected="a free place", do="send it again later")
        raise HTTPException(429, refusal.text(), {"Retry-After": "1"})


def _check_model(body: ChatBody, settings: ServeSettings) -> None:
    if body.model != settings.model_name:
        refusal = RequestError("model", got=repr(body.model), expected=repr(settings.model_name))
        raise HTTPException(404, refusal.text())


def _model_card(settings: ServeSettings, images: ImageProcessor, max_length: int) -> dict[str, Any]:
    return {
        "id": settings.model_name,
        "object": "model",
        "created": 0,
        "owned_by": "doctorsun",
        "revision": settings.revision,
        "max_model_len": max_length,
        # Boxes of answers are thousandths of this square: with the fit, clients turn them into pixels.
        "image_size": images.size,
        "image_fit": images.fit,
        "research_use_only": True,
    }
