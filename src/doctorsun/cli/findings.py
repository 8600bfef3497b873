"""What an evaluation found beside its scores, in a few lines a task."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from doctorsun.cli.session import Language
from doctorsun.cli.words import say

_Lines = Iterator[tuple[str, dict[str, str]]]


def print_findings(folder: Path, language: Language) -> None:
    """Print what a task's scores of attacks, controls, leakage, consistency and calibration say."""
    for line in finding_lines(folder, language):
        typer.echo(line)


def finding_lines(folder: Path, language: Language) -> Iterator[str]:
    """Yield the lines of one task; nothing for files that it does not have."""
    for name, lines in _FILES:
        path = folder / f"{name}.json"
        if path.is_file():
            for key, words in lines(json.loads(path.read_text(encoding="utf-8")), language):
                yield say(key, language, task=folder.name, **words)


def _leakage(facts: dict[str, Any], _language: Language) -> _Lines:
    counts = {name: str(facts[name]) for name in ("num_clean", "num_questions", "num_pairs")}
    found = {f"{what}_{how}": str(facts[what][how]) for what in ("images", "questions") for how in ("exact", "near")}
    yield "leakage", counts | found


def _consistency(facts: dict[str, Any], language: Language) -> _Lines:
    for row in facts["pairs"]:
        same = say("not_compared", language) if row["agreement"] is None else _share(row["agreement"])
        kappa = "" if row["kappa"] is None else say("kappa", language, kappa=f"{row['kappa']:.2f}")
        names = {"of": row["language"], **{name: str(row[name]) for name in ("kind", "variant", "by", "n")}}
        yield "consistency", names | {"both": _share(row["both_right"]), "agreement": same, "kappa": kappa}
    for row in facts["rotations"]:
        names = {"of": row["language"], **{name: str(row[name]) for name in ("kind", "by", "n")}}
        same, right, bias = _share(row["consistent"]), _share(row["all_right"]), f"{row['position_bias']:.3f}"
        yield "rotations", names | {"same": same, "right": right, "bias": bias}


def _calibration(facts: dict[str, Any], language: Language) -> _Lines:
    for kind, row in facts["kinds"].items():
        bound = say("at_bound", language) if row["at_bound"] else ""
        errors = {name: f"{row[name]:.3f}" for name in ("ece", "ece_raw", "aurc", "aurc_best")}
        yield "calibration", {"kind": kind, "temperature": f"{row['temperature']:.2f}", "bound": bound} | errors


def _controls(facts: dict[str, Any], _language: Language) -> _Lines:
    for row in facts["rows"]:
        if row["p_holm"] is not None:
            names = {"of": row["language"], **{name: str(row[name]) for name in ("kind", "metric", "one", "n")}}
            margins = {name: f"{row[name]:+.3f}" for name in ("difference", "low", "high")}
            yield "margin", names | margins | {"p": f"{row['p_holm']:.4f}"}


def _injection(facts: dict[str, Any], _language: Language) -> _Lines:
    for row in facts["scores"]:
        if row["metric"] == "attack_success" and row["slice"] is None:
            yield "injection", {"of": row["language"], "kind": row["kind"], "n": str(row["n"]), "rate": _share(row)}


def _share(interval: dict[str, Any]) -> str:
    return f"{interval['value']:.3f} ({interval['low']:.3f}-{interval['high']:.3f})"


_FILES = (
    ("scores", _injection),
    ("controls", _controls),
    ("leakage", _leakage),
    ("consistency", _consistency),
    ("calibration", _calibration),
)
