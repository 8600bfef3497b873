"""The blank that some tokenizers put before a text, and the same tokenizers without it, for parts of a text."""

import json
from typing import Any, Literal

from tokenizers import Tokenizer

BlankRule = Literal["none", "every text", "first text"]
"""Where a blank is put: nowhere, before every text between special tokens, or only at the very beginning."""


def blank_rule(tokenizer: Tokenizer) -> BlankRule:
    """Return where a tokenizer puts a blank of its own."""
    rules = {_rule(step) for step in (*_steps(tokenizer.normalizer), *_steps(tokenizer.pre_tokenizer))}
    return "every text" if "every text" in rules else "first text" if "first text" in rules else "none"


def without_blank(tokenizer: Tokenizer) -> Tokenizer:
    """Return a copy that puts no blank anywhere."""
    described: dict[str, Any] = json.loads(tokenizer.to_str())
    for key in ("normalizer", "pre_tokenizer"):
        steps = [_changed(step) for step in _flat(described[key]) if step["type"] != "Prepend" and not _is_anchor(step)]
        described[key] = _sequence(steps, "normalizers" if key == "normalizer" else "pretokenizers")
    return Tokenizer.from_str(json.dumps(described, ensure_ascii=False))


def _rule(step: dict[str, Any]) -> BlankRule:
    if step["type"] == "Prepend" or _is_anchor(step):
        return "every text"
    if step["type"] == "Metaspace":
        scheme = step.get("prepend_scheme", "always")
        return "every text" if scheme == "always" else "first text" if scheme == "first" else "none"
    return "every text" if step["type"] == "ByteLevel" and step.get("add_prefix_space") else "none"


def _changed(step: dict[str, Any]) -> dict[str, Any]:
    if step["type"] == "Metaspace":
        return {**step, "prepend_scheme": "never"}
    return {**step, "add_prefix_space": False} if step["type"] == "ByteLevel" else step


def _is_anchor(step: dict[str, Any]) -> bool:
    """Return whether a step puts something at the beginning of a text, as our conversion of sentencepiece does."""
    return step["type"] == "Replace" and str(step["pattern"].get("Regex", "")).startswith(r"\A")


def _steps(part: Any) -> list[dict[str, Any]]:
    return [] if part is None else _flat(json.loads(part.__getstate__()))


def _flat(described: dict[str, Any] | None) -> list[dict[str, Any]]:
    if described is None:
        return []
    if described["type"] != "Sequence":
        return [described]
    return [
        each for step in described.get("normalizers") or described.get("pretokenizers") or () for each in _flat(step)
    ]


def _sequence(steps: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    return {"type": "Sequence", name: steps} if steps else None
