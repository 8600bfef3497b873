"""Facts of the answers behind a score: how many, how long, cut or missing, to which words and how drawn."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from doctorsun.schema import Prediction

_PROMPT_DIGITS = 16


def answer_facts(rows: Sequence[Prediction]) -> dict[str, Any]:
    """Return the fields of a score that tell of its answers, whatever the protocol makes of them."""
    return {
        "num_clusters": len({row.cluster for row in rows}),
        "num_errors": sum(row.status == "error" for row in rows),
        "num_truncated": sum(row.truncated for row in rows),
        "mean_chars": _mean(len(row.output.strip()) for row in rows if row.status == "ok"),
        "mean_tokens": _mean(row.num_tokens for row in rows if row.status == "ok") or None,
        "prompt": prompt_hash(rows),
        "decoding": " | ".join(sorted({row.decoding for row in rows if row.decoding})),
    }


def denominators(rows: Iterable[Prediction]) -> dict[str, int]:
    """Return how many questions there are: all, the closed and the open ones."""
    kinds = Counter(row.kind for row in rows)
    return {"num_rows": kinds.total(), "num_closed": kinds["closed"], "num_open": kinds["open"]}


def prompt_hash(rows: Iterable[Prediction]) -> str:
    """Return the first 16 hexadecimal digits of a SHA-256 over ids and prompts; empty where a prompt is unknown."""
    put = sorted((row.id, row.prompt) for row in rows)
    if not all(prompt for _, prompt in put):
        return ""
    return hashlib.sha256(json.dumps(put, ensure_ascii=False).encode()).hexdigest()[:_PROMPT_DIGITS]


def _mean(values: Iterable[int]) -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers) if numbers else 0.0
