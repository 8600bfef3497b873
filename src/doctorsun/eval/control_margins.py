"""Margins: how far a model lies above itself with another image, on the same questions."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from doctorsun.eval.comparison import Comparison, compare
from doctorsun.eval.controls import IMAGE_CONTROLS
from doctorsun.eval.pairing import Side
from doctorsun.schema import Prediction


def control_margins(predictions: Iterable[Prediction]) -> list[Comparison]:
    """Compare the answers with the real images with those under each image control, ``other`` being the real ones.

    Questions that a control could not ask are left out on both sides; p-values are corrected over all controls.

    Args:
        predictions: answers of one model to any number of tasks.
    """
    by_control: dict[tuple[str, str], list[Prediction]] = defaultdict(list)
    for row in predictions:
        by_control[row.task, row.image_control].append(row)
    sides: list[tuple[Side, Side]] = []
    for (task, control), rows in by_control.items():
        answered = {row.id: row for row in rows if row.status == "ok"}
        real = [row for row in by_control.get((task, "real"), []) if row.id in answered]
        if control != "real" and real:
            shown = [replace(answered[row.id], image_control="real") for row in real]
            prompted = [replace(row, prompt="") for row in shown]  # without an image, its mark goes from the prompt
            sides.append((_side(control, prompted), _side("real", real)))
    sides.sort(key=lambda pair: IMAGE_CONTROLS.index(pair[0].name))  # pyright: ignore[reportArgumentType]
    return compare(sides)


def _side(name: str, rows: list[Prediction]) -> Side:
    return Side(name=name, predictions=rows, protocols={})
