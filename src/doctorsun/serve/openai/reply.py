"""Answers in the shape of the OpenAI chat API."""

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from doctorsun.errors import DoctorSunError
from doctorsun.serve.engine import Finish, Piece, TokenLogprob
from doctorsun.serve.openai.extras import Extras
from doctorsun.serve.settings import ServeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What all parts of one answer have in common; each names the weights and says that it is for research only.

    Attributes:
        has_logprobs: whether the client asked for log-probabilities.
        extras: what an answer holds beside the API's own fields.
    """

    settings: ServeSettings
    extras: Extras
    has_logprobs: bool = False
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, pieces: Sequence[Piece]) -> dict[str, Any]:
        """Return a whole answer."""
        text = "".join(piece.text for piece in pieces)
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text, **self.extras.of(text)},
            "finish_reason": pieces[-1].finish,
            "logprobs": self._logprobs([token for piece in pieces for token in piece.logprobs]),
        }
        return {**self._head("chat.completion"), "choices": [choice], "usage": usage(pieces[-1])}

    def piece(self, piece: Piece) -> str:
        """Return the event of some text."""
        return self._choice({"role": "assistant", "content": piece.text}, None, self._logprobs(piece.logprobs))

    def end(self, text: str, finish: Finish) -> str:
        """Return the event that ends an answer of this text."""
        return self._choice(self.extras.of(text), finish, None)

    def usage(self, last: Piece) -> str:
        """Return the event that tells the number of tokens."""
        return event({**self._head("chat.completion.chunk"), "choices": [], "usage": usage(last)})

    def _choice(self, delta: dict[str, Any], finish: Finish | None, logprobs: dict[str, Any] | None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": logprobs}
        return event({**self._head("chat.completion.chunk"), "choices": [choice]})

    def _logprobs(self, tokens: Sequence[TokenLogprob]) -> dict[str, Any] | None:
        return {"content": [_logprob(token) for token in tokens], "refusal": None} if self.has_logprobs else None

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.settings.model_name,
            "system_fingerprint": self.settings.revision,
            "research_use_only": True,
        }


def usage(last: Piece) -> dict[str, int]:
    """Return how many tokens a question and its answer have, by the answer's last piece."""
    return {
        "prompt_tokens": last.num_prompt_tokens,
        "completion_tokens": last.num_tokens,
        "total_tokens": last.num_prompt_tokens + last.num_tokens,
    }


def event(value: dict[str, Any]) -> str:
    """Return a server-sent event."""
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"


def error_value(error: DoctorSunError) -> dict[str, Any]:
    """Return an error in the API's shape."""
    return {"error": {"message": error.text(), "type": type(error).__name__, "code": error.code, "param": None}}


def _logprob(token: TokenLogprob) -> dict[str, Any]:
    return {**_token(token), "top_logprobs": [_token(each) for each in token.top]}


def _token(token: TokenLogprob) -> dict[str, Any]:
    return {"token": token.text, "logprob": token.logprob, "bytes": None if token.data is None else list(token.data)}
