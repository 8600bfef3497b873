"""Iteration-level batching: requests join and leave between decode steps."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

import torch
from torch import Tensor

from doctorsun.generate.cache import SlotCache
from doctorsun.generate.likelihood import Trunk, option_logprobs
from doctorsun.generate.network import Picture, RaggedNetwork, Span, picture
from doctorsun.generate.request import Finish, Request, Token
from doctorsun.generate.sampling import choose, likeliest


@dataclass(slots=True, kw_only=True)
class _Sequence:
    """A request on its way: ``length`` tokens of it are in the cache, ``next_id`` is chosen but not yet read."""

    ticket: int
    request: Request
    pictures: tuple[Picture, ...]
    prefix_length: int
    draws: Random
    row: int = -1
    length: int = 0
    next_id: int = -1
    num_new: int = 0
    # What two sequences must share to share the cache of their prefix.
    prefix: tuple[tuple[int, ...], tuple[bytes, ...]] = field(init=False)

    def __post_init__(self) -> None:
        digests = tuple(picture.digest for picture in self.pictures)
        self.prefix = (self.request.prompt_ids[: self.prefix_length], digests)

    def prompt_span(self, start: int) -> Span:
        """The prompt from a token on; the images belong to the part that begins at 0."""
        pictures = self.pictures if start == 0 else ()
        return Span(row=self.row, start=start, ids=self.request.prompt_ids[start:], pictures=pictures)


class Batcher:
    """Answers many requests at once; one thread may use it.

    Each ``step`` admits waiting requests into free rows and reads their prompts, then adds one token to every
    running answer. Prompts that begin alike up to their last image are read once and shared.

    Args:
        network: what reads the tokens.
        max_batch: how many answers run at once.
        max_read: tokens of prompts that a step reads, so that the running answers wait for no crowd; a longer prompt
            is read alone.
    """

    def __init__(self, network: RaggedNetwork, *, max_batch: int, max_read: float = math.inf) -> None:
        self._network = network
        self._cache = SlotCache()
        self._max_batch = max_batch
        self._max_read = max_read
        self._waiting: deque[_Sequence] = deque()
        self._active: list[_Sequence] = []
        self._num_tickets = 0

    @property
    def num_waiting(self) -> int:
        """Requests that have no row yet."""
        return len(self._waiting)

    @property
    def num_active(self) -> int:
        """Answers that are running."""
        return len(self._active)

    def submit(self, request: Request) -> int:
        """Queue a request and return the ticket that its tokens will carry.

        Raises:
            RequestError: it does not fit the model.
        """
        self._network.check(request)
        ticket, self._num_tickets = self._num_tickets, self._num_tickets + 1
        pictures = tuple(picture(pixels) for pixels in request.pixels)
        prefix_length = self._network.prefix_length(request.prompt_ids)
        draws = Random(request.seed)
        sequence = _Sequence(
            ticket=ticket, request=request, pictures=pictures, prefix_length=prefix_length, draws=draws
        )
        self._waiting.append(sequence)
        return ticket

    @torch.inference_mode()
    def cancel(self, ticket: int) -> None:
        """Forget a request, waiting or running; its row is free for the next step. Unknown tickets are ignored."""
        self._waiting = deque(sequence for sequence in self._waiting if sequence.ticket != ticket)
        self._evict({ticket})

    @torch.inference_mode()
    def step(self) -> list[Token]:
        """Admit what fits, add one token to every running answer, and return all new tokens."""
        running = list(self._active)
        leaders, followers = self._by_prefix(self._next_in_line())
        new = leaders + followers
        # Rows are never left empty: the active sequences fill the first ones.
        for row, sequence in enumerate(new, start=len(running)):
            sequence.row = row
        self._active += new
        # One pass reads the prompts and the newest token of each answer: the weights are read once for all.
        spans = [Span(row=seq.row, start=seq.length, ids=(seq.next_id,)) for seq in running]
        spans += [seq.prompt_span(0) for seq in leaders]
        logits = [self._network.next_logits(self._cache, spans)] if spans else []
        if followers:
            rest = self._continued(followers)
            logits.append(self._network.next_logits(self._cache, rest))
            spans += rest
        return self._tokens(running, new, spans, torch.cat(logits)) if logits else []

    def _tokens(
        self, running: Sequence[_Sequence], new: Sequence[_Sequence], spans: Sequence[Span], logits: Tensor
    ) -> list[Token]:
        tokens = self._choose([*running, *new], spans, logits)
        num_running = len(running)
        tokens[num_running:] = self._with_options(new, tokens[num_running:], logits[num_running:])
        self._evict({token.request for token in tokens if token.finish})
        return tokens

    def _next_in_line(self) -> list[_Sequence]:
        """Take those that have waited longest, as far as there are rows and their prompts are read in one step."""
        new: list[_Sequence] = []
        num_tokens = 0
        while self._waiting and len(self._active) + len(new) < self._max_batch:
            num_tokens += len(self._waiting[0].request.prompt_ids)
            if new and num_tokens > self._max_read:
                break
            new.append(self._waiting.popleft())
        return new

    def _by_prefix(self, new: Sequence[_Sequence]) -> tuple[list[_Sequence], list[_Sequence]]:
        """Part those that read their prompts whole from those whose prefix another reads, or has read."""
        read = {seq.prefix for seq in self._active}
        leaders: list[_Sequence] = []
        followers: list[_Sequence] = []
        for seq in new:
            (followers if seq.prefix_length and seq.prefix in read else leaders).append(seq)
            read.add(seq.prefix)
        return leaders, followers

    def _continued(self, followers: Sequence[_Sequence]) -> list[Span]:
        """Copy what another has read of the prompts, and return the rest of them."""
        donors = {seq.prefix: seq.row for seq in reversed(self._active)}
        for seq in followers:
            self._cache.copy(donors[seq.prefix], seq.row, seq.prefix_length)
        return [seq.prompt_span(seq.prefix_length) for seq in followers]

    def _with_options(self, new: Sequence[_Sequence], tokens: list[Token], logits: Tensor) -> list[Token]:
        """Add the likelihoods of the options to the first tokens of those that ask for them."""
        asking = [place for place, seq in enumerate(new) if seq.request.options]
        if asking:
            trunks = [
                Trunk(row=new[place].row, length=new[place].length, options=new[place].request.options)
                for place in asking
            ]
            scores = option_logprobs(self._network, self._cache, trunks, logits[asking])
            for place, score in zip(asking, scores, strict=True):
                tokens[place] = replace(tokens[place], option_logprobs=score)
        return tokens

    def _choose(self, sequences: Sequence[_Sequence], spans: Sequence[Span], logits: Tensor) -> list[Token]:
        """Choose the token after the span of each sequence that was read."""
        ids, logprobs = choose(
            logits,
            self._per_row([seq.request.temperature for seq in sequences]),
            self._per_row([seq.request.top_p for seq in sequences]),
            self._per_row([seq.draws.random() if seq.request.temperature else 0.0 for seq in sequences]),
        )
        for sequence, span, token_id in zip(sequences, spans, ids.tolist(), strict=True):
            sequence.length = span.start + len(span.ids)
            sequence.next_id = token_id
            sequence.num_new += 1
        tops = _tops(sequences, logits)
        return [
            Token(request=seq.ticket, id=seq.next_id, logprob=logprob, finish=_finish(seq), top=top)
            for seq, logprob, top in zip(sequences, logprobs.tolist(), tops, strict=True)
        ]

    def _per_row(self, values: list[float]) -> Tensor:
        return torch.tensor(values, device=self._network.device)

    def _evict(self, tickets: set[int]) -> None:
        """Free rows, moving the last sequence into each gap so that the active rows stay the first ones."""
        for sequence in [seq for seq in self._active if seq.ticket in tickets]:
            last = self._active.pop()
            if last is not sequence:
                self._cache.copy(last.row, sequence.row, last.length)
                last.row = sequence.row
                self._active[last.row] = last
        if not self._active:
            self._cache.clear()


def _tops(sequences: Sequence[_Sequence], logits: Tensor) -> list[tuple[tuple[int, float], ...]]:
    """Return the likeliest tokens for those that ask for them."""
    found: list[tuple[tuple[int, float], ...]] = [() for _ in sequences]
    asking = [place for place, seq in enumerate(sequences) if seq.request.num_top]
    if asking:
        logprobs, ids = likeliest(logits[asking], max(sequences[place].request.num_top for place in asking))
        for place, row_ids, row in zip(asking, ids.tolist(), logprobs.tolist(), strict=True):
            found[place] = tuple(zip(row_ids, row, strict=True))[: sequences[place].request.num_top]
    return found


def _finish(sequence: _Sequence) -> Finish | None:
    if sequence.next_id in sequence.request.stop_ids:
        return "stop"
    return "length" if sequence.num_new == sequence.request.max_tokens else None
