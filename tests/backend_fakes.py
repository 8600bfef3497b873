"""A scripted OpenAI server, which sends what a test wants and remembers what it was asked; also as a process."""

import asyncio
import json
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

HANG = "hang"
"""A question with this stop text gets one word and then nothing."""
CARD = {"id": "moon", "object": "model", "max_model_len": 400}


def chunk(text: str = "", finish: str | None = None, logprobs: Any = None) -> dict[str, Any]:
    """Return one event of a completion."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish, "logprobs": logprobs}
    return {"id": "x", "object": "chat.completion.chunk", "model": "moon", "choices": [choice]}


def logprob(token: str, value: float, **top: float) -> dict[str, Any]:
    """Return the likelihood of a token as the API tells it; ``top`` are the likeliest ones."""
    candidates = [_candidate(each, of) for each, of in top.items()]
    return {"content": [{**_candidate(token, value), "top_logprobs": candidates}]}


def _candidate(token: str, value: float) -> dict[str, Any]:
    return {"token": token, "logprob": value, "bytes": list(token.encode())}


def sse(*events: Any) -> list[bytes]:
    """Return events as they are sent; text is sent as it is."""
    return [f"data: {each if isinstance(each, str) else json.dumps(each)}\n\n".encode() for each in events]


USAGE = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}
WHOLE = sse(chunk("左"), chunk("肺"), chunk(finish="stop"), USAGE, "[DONE]")


class ScriptedBackend:
    """What the server sends, and what it was asked.

    Attributes:
        script: the body of the next answers, part by part.
        endless: whether the last part is sent for ever.
        silent: whether nothing comes after the script, while the connection stays open.
        status: of the next answers; ``cards_status`` is that of the list of models.
        broken: whether the connection breaks off after the script.
    """

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.gone = threading.Event()
        self.reset()

    def reset(self) -> None:
        """Behave as at the start again."""
        self.script: Sequence[bytes] = WHOLE
        self.cards: Any = {"data": [CARD]}
        self.status, self.health_status, self.cards_status = 200, 200, 200
        self.endless = self.silent = self.broken = False
        self.gone.clear()

    def app(self) -> FastAPI:
        """Return the application."""
        app = FastAPI(openapi_url=None)

        @app.get("/v1/models")
        async def models() -> Response:
            return JSONResponse(self.cards, self.cards_status)

        @app.get("/health")
        async def health() -> Response:
            return Response(status_code=self.health_status)

        @app.post("/v1/chat/completions")
        async def completions(request: Request) -> Response:
            self.asked.append(await request.json())
            self.headers.append(dict(request.headers))
            if self.asked[-1].get("stop") == [HANG]:
                self.script, self.silent = WHOLE[:1], True
            if self.status != 200:
                return JSONResponse({"error": {"message": "SECRET WORDS"}}, self.status)
            return StreamingResponse(self._send(), media_type="text/event-stream")

        return app

    async def _send(self) -> AsyncIterator[bytes]:
        try:
            for part in self.script:
                yield part
            if self.broken:
                raise ConnectionError
            while self.endless:
                await asyncio.sleep(0)
                yield self.script[-1]
            if self.silent:
                await asyncio.Event().wait()
        finally:
            self.gone.set()


if __name__ == "__main__":  # a process that listens at a Unix socket
    uvicorn.run(ScriptedBackend().app(), uds=sys.argv[1], log_level="critical")
