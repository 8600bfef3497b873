"""Engine: what answers requests; LocalEngine does so with a model in this process."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from transformers import LlavaForConditionalGeneration

from doctorsun.generate.batching import Batcher
from doctorsun.generate.network import RaggedNetwork
from doctorsun.generate.request import Finish, Request, Token

__all__ = ["Engine", "Finish", "LocalEngine", "Request", "Token"]

_MAX_READ = 4096
"""Tokens of prompts that one step reads while others watch their answers grow: a full pass."""


class Engine(Protocol):
    """Answers requests at token level: all at once, or one step at a time while others come and go."""

    @property
    def max_length(self) -> int:
        """The most tokens of prompt and answer together."""
        ...

    def generate(self, requests: Iterable[Request]) -> Iterator[Token]:
        """Answer all requests; ``Token.request`` is the request's index."""
        ...

    def submit(self, request: Request) -> int:
        """Queue a request and return its ticket, the ``Token.request`` of its tokens."""
        ...

    def step(self) -> list[Token]:
        """Add a token to every running answer."""
        ...

    def cancel(self, ticket: int) -> None:
        """Forget a request."""
        ...


class LocalEngine:
    """A stock LLaVA behind an iteration-level batch. One thread may use it.

    Greedy answers equal those of ``model.generate`` and do not depend on what else is in the batch (up to the
    rounding of the matrix products, which can decide between two tokens that are level).

    Args:
        model: as loaded by transformers; it is put into evaluation mode.
        image_mean: per channel, for pixel values in [0, 1].
        image_std: per channel, for pixel values in [0, 1].
        max_batch: how many answers run at once.

    Raises:
        WeightsError: the model's attention is of a kind that cannot take a mask per row.
    """

    def __init__(
        self,
        model: LlavaForConditionalGeneration,
        *,
        image_mean: Sequence[float],
        image_std: Sequence[float],
        max_batch: int = 64,
    ) -> None:
        self.network = RaggedNetwork(model, image_mean=image_mean, image_std=image_std)
        self.max_batch = max_batch
        self._batcher = Batcher(self.network, max_batch=max_batch, max_read=_MAX_READ)

    @property
    def max_length(self) -> int:
        """The most tokens of prompt and answer together."""
        return self.network.max_length

    def generate(self, requests: Iterable[Request]) -> Iterator[Token]:
        """Answer all requests in a batch of their own, drawing on ``requests`` as rows become free.

        Requests about the same image are fastest side by side: what they share is then read once.

        Yields:
            Tokens as they come, those of different requests mixed; ``Token.request`` is the request's index.

        Raises:
            RequestError: a request does not fit the model.
        """
        # Half a batch at most is waited for at a time, so that who prepares the requests has time while it is read.
        most, fewest = max(1, self.max_batch // 2), max(1, self.max_batch // 4)
        batcher = Batcher(self.network, max_batch=self.max_batch)
        remaining = iter(requests)
        while True:
            num_free = self.max_batch - batcher.num_active
            for request in islice(remaining, min(most, num_free) if num_free >= fewest else 0):
                batcher.submit(request)
            if not batcher.num_waiting + batcher.num_active:
                return
            yield from batcher.step()

    def submit(self, request: Request) -> int:
        """Queue a request and return its ticket, the ``Token.request`` of its tokens.

        Raises:
            RequestError: it does not fit the model.
        """
        return self._batcher.submit(request)

    def step(self) -> list[Token]:
        """Add a token to every running answer and return the new tokens."""
        return self._batcher.step()

    def cancel(self, ticket: int) -> None:
        """Forget a request, waiting or running; an unknown ticket is ignored."""
        self._batcher.cancel(ticket)
