"""What is remembered of an answer, for counting and for the audit log: no word of it and no picture."""

import hashlib
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

from doctorsun.errors import DoctorSunError
from doctorsun.serve.engine import Piece, Question

Outcome = Literal["stop", "length", "abstained", "gone", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One question and what became of it.

    Attributes:
        request_id: that the answer carries too.
        client: name of the key.
        images: SHA-256 of the pictures as they were given to the engine.
        outcome: how the answer ended; ``gone`` where the client went first, ``failed`` where the engine broke or
            refused the question.
        first_s: from the request's arrival to the first piece; None where none came.
        rest_s: from the first piece to the last.
    """

    request_id: str
    client: str
    images: tuple[str, ...]
    num_prompt_tokens: int
    num_tokens: int
    outcome: Outcome
    first_s: float | None
    rest_s: float


Tell = Callable[[Answered], None]


class Watch:
    """Looks at the pieces of one answer as they pass.

    Args:
        request_id: that the answer carries.
        client: name of the key.
        tell: gets what is remembered, once.
    """

    def __init__(self, request_id: str, client: str, tell: Tell) -> None:
        self._request_id = request_id
        self._client = client
        self._tell = tell
        self._arrived_s = time.perf_counter()
        self._times_s: list[float] = []
        self._last: Piece | None = None
        self.outcome: Outcome = "gone"

    async def over(self, pieces: AsyncGenerator[Piece]) -> AsyncGenerator[Piece]:
        """Pass an answer on."""
        try:
            async with aclosing(pieces):
                async for piece in pieces:
                    self._times_s = [*self._times_s[:1], time.perf_counter()]
                    self._last = piece
                    self.outcome = piece.finish or self.outcome
                    yield piece
        except DoctorSunError:
            self.outcome = "failed"
            raise

    def end(self, question: Question) -> None:
        """Tell what became of a question."""
        first_s, last_s = (self._times_s[0], self._times_s[-1]) if self._times_s else (None, 0.0)
        self._tell(
            Answered(
                request_id=self._request_id,
                client=self._client,
                images=tuple(hashlib.sha256(image).hexdigest() for image in question.images),
                num_prompt_tokens=self._last.num_prompt_tokens if self._last else 0,
                num_tokens=self._last.num_tokens if self._last else 0,
                outcome=self.outcome,
                first_s=None if first_s is None else first_s - self._arrived_s,
                rest_s=0.0 if first_s is None else last_s - first_s,
            )
        )
