"""Gradient tables of diffusion volumes (``.bval``, ``.bvec``): copied where they hold what belongs there alone."""

from pathlib import Path

from doctorsun.data.deidentify.action import Action
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options
from doctorsun.data.deidentify.refusal import Refusal

SUFFIXES = (".bval", ".bvec")
_MOST_BYTES = 1 << 20
_MOST_STRENGTH = 100_000.0  # s/mm2; the strongest scanners reach a third of it
_MOST_DIRECTION = 1.01  # of a unit vector, rounded
_NUM_AXES = 3


def deidentify_gradients(path: Path, out_path: Path, key: Key, options: Options) -> list[Action]:  # noqa: ARG001 (one signature)
    """Write the strengths or directions of the gradients as they are, each number in its usual spelling.

    Raises:
        Refusal: the file holds other than one line of strengths, or three lines of directions, or numbers beyond them.
    """
    rows = _rows(path)
    is_sound = _are_strengths(rows) if path.suffix.lower() == ".bval" else _are_directions(rows)
    if not is_sound:
        raise Refusal("a gradient table (.bval, .bvec) with more than its numbers")
    lines = (" ".join(f"{number:.15g}" for number in row) for row in rows)
    out_path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    return [Action("gradients", "kept", "numbers of the acquisition")]


def _rows(path: Path) -> list[list[float]]:
    """Return the numbers of each line; nothing where there is anything else."""
    if path.stat().st_size > _MOST_BYTES:
        return []
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        return [[float(word) for word in line.split()] for line in lines if line.strip()]
    except ValueError:
        return []


def _are_strengths(rows: list[list[float]]) -> bool:
    is_line = len(rows) == 1 or (bool(rows) and all(len(row) == 1 for row in rows))
    return is_line and all(0 <= number <= _MOST_STRENGTH for row in rows for number in row)


def _are_directions(rows: list[list[float]]) -> bool:
    is_table = len(rows) == _NUM_AXES and len({len(row) for row in rows}) == 1
    return is_table and all(abs(number) <= _MOST_DIRECTION for row in rows for number in row)
