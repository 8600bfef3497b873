"""What ``weights inspect`` and ``weights import`` found, put for people: units, special tokens, what is left over."""

from collections.abc import Mapping, Sequence
from typing import Any

from doctorsun.storage.size import told_size

Facts = Mapping[str, Any]

NOT_SAID = "not said"
EMPTY = (None, {}, (), [])


def facts_of_weights(facts: Facts) -> dict[str, Any]:
    """Return the facts of ``weights inspect`` for `doctorsun.cli.printing.print_facts`; how they load is left out."""
    told = {name: value for name, value in facts.items() if name not in {"layout", "summary", "loads", "files_bytes"}}
    for name in ("vision", "image", "language", "rope", "vocabulary"):
        if told.get(name):
            told[name] = {key: _value(value) for key, value in told[name].items()}
    if told.get("rope") and facts["rope"]["scaling"] is None:
        told["rope"]["scaling"] = "none"
    if told.get("special_tokens"):
        told["special_tokens"] = {name: _token(token) for name, token in told["special_tokens"].items()}
    if told.get("left_over"):
        told["left_over"] = {reason: _some(**tensors) for reason, tensors in told["left_over"].items()}
    files = {name: told_size(num_bytes) for name, num_bytes in facts["files_bytes"].items()}
    return {
        "layout": f"{facts['layout']}: {facts['summary']}",
        **{name: value for name, value in told.items() if value not in EMPTY},
        "files": {**files, "all": told_size(sum(facts["files_bytes"].values()))},
    }


def facts_of_import(report: Facts) -> dict[str, Any]:
    """Return what ``import.json`` holds for `doctorsun.cli.printing.print_facts`, without options and versions."""
    told = {name: value for name, value in report.items() if name not in {"sources", "options", "versions"}}
    return {
        **{name: _source(source) for name, source in report["sources"].items()},
        **{name: value for name, value in told.items() if value not in EMPTY},
    }


def _source(source: Facts) -> dict[str, Any]:
    told = dict(source)
    if "left_over" in told:
        told["left_over"] = {reason: _some(len(names), names[0]) for reason, names in told["left_over"].items()}
    return {name: value for name, value in told.items() if value not in EMPTY}


def _some(tensors: int, first: str) -> str:
    return f"{tensors:,} tensors, the first {first}" if tensors > 1 else first


def _token(token: Any) -> str:
    if isinstance(token, Mapping):
        return f"{token['token']} ({'no such token' if token['id'] is None else token['id']})"
    return _value(token) if token else "none"


def _value(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(f"{each:.4g}" if isinstance(each, float) else str(each) for each in value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return NOT_SAID if value is None else value
