"""RemoteAnswer: the events of one streamed completion, put together to the pieces of an answer."""

from collections.abc import Iterator
from dataclasses import replace
from typing import cast, get_args

from doctorsun.serve.engine import EngineFailure, Finish, Piece, Question, TokenLogprob
from doctorsun.serve.option_weights import option_logprobs
from doctorsun.serve.remote_stream import Chunk, Usage


class RemoteAnswer:
    """What was received of one answer.

    Args:
        question: what was asked.
        num_prompt_tokens: its tokens as counted here; 0 leaves it to the server, who tells at the end.
        max_tokens: what the server was allowed; far more is taken as an answer without end.
    """

    def __init__(self, question: Question, *, num_prompt_tokens: int, max_tokens: int) -> None:
        self._question = question
        self._num_prompt_tokens = num_prompt_tokens
        self._most_parts = 2 * max_tokens + 64
        self._num_tokens = self._num_parts = 0
        self._finish: Finish | None = None
        self._usage: Usage | None = None
        self._is_first = True

    @property
    def is_finished(self) -> bool:
        """Whether the answer is whole; only the count of its tokens may be missing."""
        return self._finish is not None

    def take(self, chunk: Chunk) -> Iterator[Piece]:
        """Take the next event, and give the piece that it makes, if any.

        Raises:
            EngineFailure: the answer ended otherwise than by a stop or its length, or goes on for ever.
        """
        self._usage = chunk.usage or self._usage
        if chunk.finish is not None:
            if chunk.finish not in get_args(Finish):
                raise EngineFailure("the engine gave the answer up", do="send the request again")
            self._finish = cast("Finish", chunk.finish)
        if not chunk.text and not chunk.logprobs:
            return
        self._num_parts += 1
        if self._num_parts > self._most_parts:
            raise EngineFailure("the engine does not end its answer", do="send the request again later")
        self._num_tokens += len(chunk.logprobs) or 1
        yield self._piece(chunk.text, chunk.logprobs)

    def last(self) -> Piece:
        """Return the piece that ends the answer.

        Raises:
            EngineFailure: the server stopped sending before the answer was whole.
        """
        if self._finish is None:
            raise EngineFailure("the engine broke off", do="send the request again")
        if self._usage:
            self._num_prompt_tokens, self._num_tokens = self._usage.num_prompt_tokens, self._usage.num_tokens
        return replace(self._piece("", ()), finish=self._finish)

    def _piece(self, text: str, logprobs: tuple[TokenLogprob, ...]) -> Piece:
        wanted = self._question.top_logprobs
        shown = () if wanted is None else tuple(replace(each, top=each.top[:wanted]) for each in logprobs)
        return Piece(
            text=text,
            num_tokens=self._num_tokens,
            num_prompt_tokens=self._num_prompt_tokens,
            logprobs=shown,
            option_logprobs=self._option_logprobs(logprobs),
        )

    def _option_logprobs(self, logprobs: tuple[TokenLogprob, ...]) -> tuple[float, ...]:
        """Weigh the options by the first token; later pieces say nothing of them."""
        is_first, self._is_first = self._is_first, False
        if not (is_first and self._question.options):
            return ()
        words = self._question.messages[-1].text
        return option_logprobs(logprobs[0] if logprobs else None, words, self._question.options)
