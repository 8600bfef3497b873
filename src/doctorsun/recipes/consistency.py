"""``consistency.json``: questions asked again in other words, negated and with moved options, and what came of it."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from doctorsun.errors import RecipeError
from doctorsun.eval.consistency import consistency, rotation_consistency
from doctorsun.eval.predictions import read_predictions
from doctorsun.eval.variants import MADE_KINDS, variants
from doctorsun.recipes.evaluate import Answering, Exam
from doctorsun.schema import VariantKind
from doctorsun.storage.atomic import write_json

CONSISTENCY = "consistency.json"
VARIANTS = "variants"


def variant_kinds(text: str) -> tuple[VariantKind, ...]:
    """Return the kinds of variants that a list with commas names, in the order of `MADE_KINDS`.

    Raises:
        RecipeError: it names something else.
    """
    named = {word.strip() for word in text.split(",") if word.strip()}
    unknown = sorted(named - set(MADE_KINDS))
    if unknown:
        raise RecipeError("variants", got=", ".join(unknown), expected=f"some of {', '.join(MADE_KINDS)}, with commas")
    return tuple(kind for kind in MADE_KINDS if kind in named)


def ask_variants(exam: Exam, examinee: Answering, kinds: Sequence[VariantKind]) -> None:
    """Ask the variants of an exam's questions, into a folder ``variants`` of its own."""
    made = variants(exam.samples, kinds)
    if made:
        again = replace(
            exam,
            samples=made,
            folder=exam.folder / VARIANTS,
            on_progress=lambda task, _, done, total: exam.on_progress(task, VARIANTS, done, total),
        )
        again.take(examinee, "real")


def write_consistency(folder: Path) -> Path | None:
    """Write the ``consistency.json`` of a task; None where no question was asked again.

    Its own answers may hold variants of each other, such as translations; those of `ask_variants` are added.

    Raises:
        DataError: predictions cannot be read.
    """
    path = folder / CONSISTENCY
    files = [each / "predictions.parquet" for each in (folder, folder / VARIANTS)]
    rows = [row for file in files if file.is_file() for row in read_predictions(file)]
    found = consistency(rows)
    if not found:
        path.unlink(missing_ok=True)
        return None
    content = {
        "pairs": [asdict(each) for each in found],
        "rotations": [asdict(each) for each in rotation_consistency(rows)],
    }
    write_json(path, content)
    return path
