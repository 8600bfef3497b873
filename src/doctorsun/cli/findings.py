"""What an evaluation found beside its scores, in a few lines a task."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer


def print_findings(folder: Path) -> None:
    """Print what a task's leakage, consistency and calibration files say."""
    for line in finding_lines(folder):
        typer.echo(line)


def finding_lines(folder: Path) -> Iterator[str]:
    """Yield the lines of one task; nothing for files that it does not have."""
    for name, lines in _FILES:
        path = folder / f"{name}.json"
        if path.is_file():
            yield from (f"{folder.name} {line}" for line in lines(json.loads(path.read_text(encoding="utf-8"))))


def _leakage(facts: dict[str, Any]) -> Iterator[str]:
    images, questions = facts["images"], facts["questions"]
    yield (
        f"leakage: {facts['num_clean']} of {facts['num_questions']} questions clean; in training data: "
        f"{images['exact']} images exact, {images['near']} near, {questions['exact']} questions exact, "
        f"{questions['near']} near, {facts['num_pairs']} with their image"
    )


def _consistency(facts: dict[str, Any]) -> Iterator[str]:
    for row in facts["pairs"]:
        same = "not compared" if row["agreement"] is None else _share(row["agreement"])
        kappa = "" if row["kappa"] is None else f", kappa {row['kappa']:.2f}"
        yield (
            f"{row['language']} {row['kind']} {row['variant']} by {row['by']}: both right {_share(row['both_right'])}, "
            f"agreement {same}{kappa}, {row['n']} pairs"
        )
    for row in facts["rotations"]:
        yield (
            f"{row['language']} {row['kind']} all rotations by {row['by']}: same option {_share(row['consistent'])}, "
            f"right {_share(row['all_right'])}, position bias {row['position_bias']:.3f}, {row['n']} questions"
        )


def _calibration(facts: dict[str, Any]) -> Iterator[str]:
    for kind, row in facts["kinds"].items():
        bound = " (at the bound of the search)" if row["at_bound"] else ""
        yield (
            f"{kind} calibration: temperature {row['temperature']:.2f}{bound}, "
            f"ECE {row['ece']:.3f} (before {row['ece_raw']:.3f}), AURC {row['aurc']:.3f} (best {row['aurc_best']:.3f})"
        )


def _controls(facts: dict[str, Any]) -> Iterator[str]:
    for row in facts["rows"]:
        if row["p_holm"] is not None:
            yield (
                f"{row['language']} {row['kind']} {row['metric']} above {row['one']}: {row['difference']:+.3f} "
                f"({row['low']:+.3f} to {row['high']:+.3f}), corrected p {row['p_holm']:.4f}, {row['n']} questions"
            )


def _share(interval: dict[str, float]) -> str:
    return f"{interval['value']:.3f} ({interval['low']:.3f}-{interval['high']:.3f})"


_FILES = (
    ("controls", _controls),
    ("leakage", _leakage),
    ("consistency", _consistency),
    ("calibration", _calibration),
)
