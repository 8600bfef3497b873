"""Gradient tables of diffusion volumes (``.bval``, ``.bvec``): copied where they hold what belongs there alone."""

from pathlib import Path

from doctorsun.data.deidentify.action import Action
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options
from doctorsun.data.deidentify.refusal import Refusal

SUFFIXES = (".bval", ".bvec")
_MOST_BYTES = 1 << 20
_MOST_STRENGTH = 20_000.0  # s/mm2; beyond what scanners for people are set to
_DIRECTION_DIGITS = 6  # behind the point
_MOST_DIRECTION = 1.01  # of a unit vector, rounded
_NUM_AXES = 3
_NO_TABLE = (
    "no plain gradient table (.bval, .bvec): it must be ASCII without a byte order mark, hold numbers alone with "
    "blanks between, and b-values of 20000 at most or directions of length 1"
)


def deidentify_gradients(path: Path, out_path: Path, key: Key, options: Options) -> list[Action]:  # noqa: ARG001 (one signature)
    """Write the strengths in whole numbers, or the directions in six digits: more could hold a number of a person.

    Raises:
        Refusal: the file holds other than one line of strengths, or three lines of directions, or numbers beyond them.
    """
    rows = _rows(path)
    are_strengths = path.suffix.lower() == ".bval"
    if not (_are_strengths(rows) if are_strengths else _are_directions(rows)):
        raise Refusal(_NO_TABLE)
    digits = 0 if are_strengths else _DIRECTION_DIGITS
    lines = (" ".join(_spelt(number, digits) for number in row) for row in rows)
    out_path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    return [Action("gradients", "kept", "numbers of the acquisition")]


def _spelt(number: float, digits: int) -> str:
    """Return a number, rounded, without zeros at its end."""
    return f"{round(number, digits) + 0.0:.15g}"


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
