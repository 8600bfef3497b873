"""Speed of a server under load, beside what is promised, and beside 'transformers serve' with the same weights."""

import asyncio
import math
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doctorsun.bench.load_client import Answer, Target, ask_all
from doctorsun.bench.load_questions import load_questions
from doctorsun.bench.server_process import doctorsun_server, first_model, transformers_server
from doctorsun.endpoint.client import api_root
from doctorsun.weights.folder import find_weights

RATIO_TARGET = 4.0
"""How many times the tokens per second of 'transformers serve', at 16 streams."""
OURS = "doctorsun"
_MS = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is asked, and what counts as in time (the figures of MLPerf's conversational servers).

    Attributes:
        num_streams: requests that are open at any time.
        num_requests: of each pass.
        num_passes: over each server, in turns; every pass asks about other pictures.
        max_ttft_s: the longest wait for the first words.
        max_tpot_s: the longest time per token after them.
    """

    num_streams: int = 16
    num_requests: int = 96
    num_passes: int = 1
    max_tokens: int = 128
    max_ttft_s: float = 2.0
    max_tpot_s: float = 0.1


@dataclass(frozen=True, slots=True)
class Pass:
    """One load on one server."""

    wall_s: float
    answers: tuple[Answer, ...]


def measure_url(url: str, load: Load, *, api_key: str | None = None) -> dict[str, Any]:
    """Put a load on the first model of a server that runs.

    Args:
        url: up to and including ``/v1``, which is meant where it ends with the host.
        load: what is asked.
        api_key: of the server.

    Raises:
        MachineError: the server offers no model.
        RequestError: the URL is none.
    """
    url = str(api_root(url)).rstrip("/")
    target = Target(url=url, model=first_model(url, api_key), api_key=api_key)
    _warm(target, load)
    passes = [_pass(target, load, number) for number in range(load.num_passes)]
    return {"servers": [{"server": url} | _facts(passes, load)]}


def measure_serving(weights: Path, load: Load, *, with_peer: bool = False) -> dict[str, Any]:
    """Start servers of the same weights and put the same load on each in turn.

    The servers run side by side, so that all meet the same state of the machine; only one is asked at a time.

    Args:
        weights: a folder of weights, or of a run that has some.
        load: what is asked.
        with_peer: also measure 'transformers serve', with torch's number of threads and with one.

    Returns:
        ``servers``, a row for each; with the peer also ``comparison`` with its faster way: the ratio of the times that
        the same requests took (the median over the passes), how many answers are the same, and their tokens as either
        server counts them: 'transformers serve' counts the stop token as one.

    Raises:
        RequestError: there are no weights.
        MachineError: a server does not start.
    """
    folder = find_weights(weights)
    with ExitStack() as running:
        targets = {OURS: running.enter_context(doctorsun_server(folder))}
        if with_peer:
            targets["transformers"] = running.enter_context(transformers_server(folder))
            targets["transformers, 1 thread"] = running.enter_context(transformers_server(folder, num_threads=1))
        for target in targets.values():
            _warm(target, load)
        passes: dict[str, list[Pass]] = {name: [] for name in targets}
        for number in range(load.num_passes):
            for name, target in targets.items():
                passes[name].append(_pass(target, load, number))
    facts: dict[str, Any] = {"servers": [{"server": name} | _facts(done, load) for name, done in passes.items()]}
    ours = passes.pop(OURS)
    peers = [{"peer": name} | _comparison(ours, theirs) for name, theirs in passes.items()]
    return facts | ({"comparison": min(peers, key=lambda peer: peer["times_as_fast"])} if peers else {})


def _warm(target: Target, load: Load) -> None:
    bodies = load_questions(load.num_streams, seed=load.num_passes, max_tokens=load.max_tokens)
    asyncio.run(ask_all(target, bodies, load.num_streams))


def _pass(target: Target, load: Load, number: int) -> Pass:
    bodies = load_questions(load.num_requests, seed=number, max_tokens=load.max_tokens)
    started = time.perf_counter()
    answers = asyncio.run(ask_all(target, bodies, load.num_streams))
    return Pass(time.perf_counter() - started, tuple(answers))


def _facts(passes: Sequence[Pass], load: Load) -> dict[str, Any]:
    """Return what the answers of all passes show together."""
    answers = [answer for each in passes for answer in each.answers]
    whole = [answer for answer in answers if not answer.error]
    wall_s = sum(each.wall_s for each in passes)
    in_time = sum(_is_in_time(answer, load) for answer in whole)
    ttft_s = [answer.ttft_s for answer in whole if answer.ttft_s is not None]
    tpot_s = [answer.tpot_s for answer in whole if answer.tpot_s is not None]
    errors = sorted({answer.error for answer in answers if answer.error})
    return {
        "streams": load.num_streams,
        "requests": len(answers),
        "errors": len(answers) - len(whole),
        "tokens_per_s": sum(answer.num_tokens for answer in whole) / wall_s,
        "requests_per_s": len(whole) / wall_s,
        "ttft_p50_ms": percentile(ttft_s, 50) * _MS,
        "ttft_p99_ms": percentile(ttft_s, 99) * _MS,
        "tpot_p50_ms": percentile(tpot_s, 50) * _MS,
        "tpot_p99_ms": percentile(tpot_s, 99) * _MS,
        "gap_p99_ms": percentile([gap for answer in whole for gap in answer.gaps_s], 99) * _MS,
        "goodput": in_time / len(answers),
        "met": not errors and percentile(ttft_s, 99) <= load.max_ttft_s and percentile(tpot_s, 99) <= load.max_tpot_s,
        "reasons": "; ".join(errors),
    }


def _is_in_time(answer: Answer, load: Load) -> bool:
    return (answer.ttft_s or 0.0) <= load.max_ttft_s and (answer.tpot_s or 0.0) <= load.max_tpot_s


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that so many percent of all do not exceed; NaN of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else math.nan


def _comparison(ours: Sequence[Pass], theirs: Sequence[Pass]) -> dict[str, Any]:
    turns = list(zip(ours, theirs, strict=True))
    answers = [pair for our, their in turns for pair in zip(our.answers, their.answers, strict=True)]
    ratio = statistics.median(their.wall_s / our.wall_s for our, their in turns)
    return {
        "times_as_fast": ratio,
        "target": RATIO_TARGET,
        "met": ratio >= RATIO_TARGET,
        "answers": len(answers),
        "same_answers": sum(our.text == their.text for our, their in answers),
        "tokens": sum(our.num_tokens for our, _ in answers),
        "their_tokens": sum(their.num_tokens for _, their in answers),
    }
