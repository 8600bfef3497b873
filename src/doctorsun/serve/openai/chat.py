"""One chat completion from its bytes to its answer: the order of work, which is the same for every engine."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial

from fastapi import HTTPException
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from doctorsun.errors import RequestError
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.serve.abstention import Calibration, Confidence, refusal_to_answer
from doctorsun.serve.answered import Tell, Watch
from doctorsun.serve.doors import Doors
from doctorsun.serve.engine import ChatEngine, EngineFailure, Question
from doctorsun.serve.gateway import read_json
from doctorsun.serve.openai.body import ChatBody, read_body
from doctorsun.serve.openai.completions import EventStream, events, unless_gone, whole
from doctorsun.serve.openai.conversation import question_of
from doctorsun.serve.openai.extras import Extras
from doctorsun.serve.openai.reply import Reply
from doctorsun.serve.settings import ServeSettings

ReadImage = Callable[[str, str], bytes]
"""Turns the URL of an image into an encoded picture for the client whose name comes first; nothing is ever fetched."""
Begin = Callable[[HttpRequest], Awaitable[None]]
"""Is waited for before a question goes to the engine; what it raises refuses the question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """What answers chat requests.

    Attributes:
        engine: answers.
        settings: names and limits.
        doors: gives places.
        memory: gives room to the bytes of requests.
        read_image: reads the URLs of images.
        images: how pictures lie in the model's square; None where that is not known.
        calibration: how far the likelihoods of options can be believed, and when not to answer.
        begin: records that a question goes to the engine.
        tell: learns what became of each question.
    """

    engine: ChatEngine
    settings: ServeSettings
    doors: Doors
    memory: Doors
    read_image: ReadImage
    images: ImageProcessor | None
    calibration: Calibration
    begin: Begin
    tell: Tell

    async def answer(self, http: HttpRequest, client: str) -> Response:
        """Answer a request of a client whose key was checked.

        Raises:
            DoctorSunError: it is wrong, there is no place for it, or the engine broke.
            HTTPException: it is too long or too slow, or names another model.
            ClientDisconnect: the client went.
        """
        watch = Watch(http.state.request_id, client, self.tell)
        self.doors.check(client)
        self._require_ready()
        async with AsyncExitStack() as closing:
            hold = closing.enter_context(self.memory.room(client))
            raw = await read_json(http, self.settings.max_body_bytes, self.settings.body_timeout_s, hold)
            # A place is taken when all has come, so that a slow client holds none, and before anything is decoded: what
            # will be refused should cost nothing.
            closing.enter_context(self.doors.place(client))
            self._require_ready()
            body, question = await run_in_threadpool(self._read, raw, client)
            del raw
            hold(sum(map(len, question.images)))
            await self.begin(http)
            closing.callback(watch.end, question)
            answer = watch.over(self.engine.answer(question))
            closing.push_async_callback(answer.aclose)
            first = await unless_gone(anext(answer), http.receive)
            confidence = self.calibration.judge(question, first.option_logprobs) if question.options else None
            if confidence and confidence.withheld:
                await answer.aclose()
                watch.outcome = "abstained"
                first = replace(
                    first, text=refusal_to_answer(question, confidence.withheld), finish="stop", logprobs=()
                )
            reply = self._reply(body, question, confidence)
            if not body.stream:
                return JSONResponse(await unless_gone(whole(first, answer, reply), http.receive))
            include_usage = body.stream_options is not None and body.stream_options.include_usage
            content = events(first, answer, reply, include_usage=include_usage)
            return EventStream(content, closing=closing.pop_all(), patience_s=self.settings.reading_timeout_s)

    def require_model(self, name: str) -> None:
        """Require that a client means the model that is served.

        Raises:
            HTTPException: it is another one.
        """
        if name != self.settings.model_name:
            refusal = RequestError("model", got=repr(name)[:80], expected=repr(self.settings.model_name))
            raise HTTPException(404, refusal.text())

    def _require_ready(self) -> None:
        if not self.engine.is_ready:
            raise EngineFailure("the engine is not ready", do="send the request again later")

    def _read(self, raw: bytes, client: str) -> tuple[ChatBody, Question]:
        """Return a question, and its body without the turns: they are long, and an answer may take its time."""
        body = read_body(raw)
        self.require_model(body.model)
        question = question_of(body, partial(self.read_image, client), self.settings.max_images)
        return body.model_copy(update={"messages": []}), question

    def _reply(self, body: ChatBody, question: Question, confidence: Confidence | None) -> Reply:
        extras = Extras(question=question, images=self.images, confidence=confidence)
        return Reply(settings=self.settings, extras=extras, has_logprobs=body.logprobs)
