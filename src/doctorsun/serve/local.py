"""LocalChat: the engine of the gateway over our own engine process and the processor of its weights."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from doctorsun.errors import RequestError, WeightsError
from doctorsun.generate.options import option_forms
from doctorsun.generate.request import Request, Token
from doctorsun.generate.text_stream import TextStream
from doctorsun.generate.token_bytes import TokenBytes
from doctorsun.processor.processor import Processor
from doctorsun.serve.engine import Piece, Question, TokenLogprob
from doctorsun.serve.token_client import TokenClient


class LocalChat:
    """Writes prompts, lets the engine answer them, and turns tokens into text.

    Args:
        engine: answers; from now on only this object may use it.
        processor: of the weights that answer.
        default_max_tokens: where a question does not say; less where the context ends sooner.
    """

    def __init__(self, engine: TokenClient, processor: Processor, *, default_max_tokens: int = 512) -> None:
        self._engine = engine
        self._processor = processor
        self._token_bytes = TokenBytes(processor.tokenizer)
        self._default_max_tokens = default_max_tokens
        self._num_running = 0
        self._num_waiting = 0

    async def start(self) -> None:
        """Connect to the engine, if it is there."""
        await self._engine.connect()

    async def close(self) -> None:
        """Let go of the engine; answers that still run end with an `EngineFailure`."""
        await self._engine.close()

    async def look(self) -> None:
        """Connect to the engine where it came since.

        Raises:
            WeightsError: it could not load its weights.
        """
        await self._engine.connect()

    def mark_down(self) -> None:
        """Take the engine as gone until it is seen again."""
        self._engine.mark_down()

    @property
    def revision(self) -> str:
        """Of the weights that answer; empty before the engine was there."""
        return self._engine.revision

    @property
    def is_ready(self) -> bool:
        """Whether a question would be answered now."""
        return self._engine.is_ready

    @property
    def num_running(self) -> int:
        """Answers of which a token was written."""
        return self._num_running

    @property
    def num_waiting(self) -> int:
        """Questions that are prepared or read."""
        return self._num_waiting

    @property
    def num_restarts(self) -> int:
        """None: nobody starts this engine again."""
        return 0

    @property
    def max_length(self) -> int:
        """The most tokens of question and answer together."""
        return self._engine.max_length

    async def answer(self, question: Question) -> AsyncGenerator[Piece]:
        """Yield the answer piece by piece; closing the generator withdraws the question within one step.

        Raises:
            RequestError: the question does not fit the model or its chat template, or a setting is out of range.
            ImageError: a picture cannot be decoded.
            EngineFailure: the engine broke.
        """
        self._num_waiting += 1
        is_waiting = True
        try:
            request = await asyncio.to_thread(self._request, question)
            pieces = self._pieces(self._engine.answer(request), question, len(request.prompt_ids))
            async with aclosing(pieces):
                async for piece in pieces:
                    if is_waiting:
                        is_waiting, self._num_waiting, self._num_running = (
                            False, self._num_waiting - 1, self._num_running + 1
                        )  # fmt: skip
                    yield piece
        finally:
            self._num_waiting -= is_waiting
            self._num_running -= not is_waiting

    def _request(self, question: Question) -> Request:
        prompt_ids = self._prompt_ids(question)
        room = max(1, self.max_length - len(prompt_ids))
        words = question.messages[-1].text
        options = question.options
        return Request(
            prompt_ids=prompt_ids,
            pixels=tuple(self._processor.pixels(image) for image in question.images),
            max_tokens=min(self._default_max_tokens, room) if question.max_tokens is None else question.max_tokens,
            temperature=question.temperature,
            top_p=question.top_p,
            seed=question.seed,
            stop_ids=self._processor.stop_ids,
            options=option_forms(self._processor.continuation, words, options, prompt_ids[-1]) if options else (),
            num_top=question.top_logprobs or 0,
        )

    def _prompt_ids(self, question: Question) -> tuple[int, ...]:
        try:
            return tuple(self._processor.prompt(question.messages))
        except WeightsError as error:
            raise RequestError("messages", got=error.text()) from error

    async def _pieces(
        self, tokens: AsyncGenerator[Token], question: Question, num_prompt_tokens: int
    ) -> AsyncGenerator[Piece]:
        """Turn tokens into text, ending early at a stop text."""
        text = TextStream(self._processor.decode, question.stops)
        logprobs: list[TokenLogprob] = []
        num_tokens = 0
        async with aclosing(tokens):
            async for token in tokens:
                is_word = token.finish != "stop"
                num_tokens += is_word
                if is_word and question.top_logprobs is not None:
                    logprobs.append(self._logprob(token))
                shown = text.push(token.id) if is_word else ""
                if token.finish and not text.stopped:
                    shown += text.flush()
                finish = "stop" if text.stopped else token.finish
                if not (shown or finish or token.option_logprobs):
                    continue
                yield Piece(
                    text=shown,
                    num_tokens=num_tokens,
                    num_prompt_tokens=num_prompt_tokens,
                    finish=finish,
                    logprobs=tuple(logprobs),
                    option_logprobs=token.option_logprobs,
                )
                logprobs.clear()
                if finish:
                    return

    def _logprob(self, token: Token) -> TokenLogprob:
        top = tuple(self._token_logprob(token_id, logprob) for token_id, logprob in token.top)
        return self._token_logprob(token.id, token.logprob, top)

    def _token_logprob(self, token_id: int, logprob: float, top: tuple[TokenLogprob, ...] = ()) -> TokenLogprob:
        data = self._token_bytes[token_id]
        return TokenLogprob(text=data.decode(errors="replace"), data=data, logprob=logprob, top=top)
