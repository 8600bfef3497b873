"""Answers in the shape of the OpenAI chat API."""

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from doctorsun.errors import DoctorSunError
from doctorsun.generate.request import Finish
from doctorsun.serve.settings import ServeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What all parts of one answer have in common; each names the weights and says that it is for research only."""

    settings: ServeSettings
    num_prompt_tokens: int
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, text: str, finish: Finish, num_tokens: int) -> dict[str, Any]:
        """Return a whole answer."""
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": finish,
            "logprobs": None,
        }
        return {**self._head("chat.completion"), "choices": [choice], "usage": self._usage(num_tokens)}

    def piece(self, text: str) -> str:
        """Return the event of some text."""
        return self._choice({"role": "assistant", "content": text}, None)

    def end(self, finish: Finish) -> str:
        """Return the event that ends the answer."""
        return self._choice({}, finish)

    def usage(self, num_tokens: int) -> str:
        """Return the event that tells the number of tokens."""
        return event({**self._head("chat.completion.chunk"), "choices": [], "usage": self._usage(num_tokens)})

    def _choice(self, delta: dict[str, str], finish: Finish | None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return event({**self._head("chat.completion.chunk"), "choices": [choice]})

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.settings.model_name,
            "system_fingerprint": self.settings.revision,
            "research_use_only": True,
        }

    def _usage(self, num_tokens: int) -> dict[str, int]:
        return {
            "prompt_tokens": self.num_prompt_tokens,
            "completion_tokens": num_tokens,
            "total_tokens": self.num_prompt_tokens + num_tokens,
        }


def event(value: dict[str, Any]) -> str:
    """Return a server-sent event."""
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"


def error_value(error: DoctorSunError) -> dict[str, Any]:
    """Return an error in the API's shape."""
    return {"error": {"message": error.text(), "type": type(error).__name__, "code": error.code, "param": None}}
