"""Sizes: how long something is in millimetres, where the question can say how large the whole picture is."""

from doctorsun.data.convert.facts import Facts
from doctorsun.data.convert.questions import Question
from doctorsun.data.ontology.ontology import Ontology
from doctorsun.data.ontology.terms import Term


def size_questions(
    facts: Facts, size: tuple[int, int], spacing_mm: tuple[float, float] | None, ontology: Ontology
) -> list[Question]:
    """Ask for the size of each label that has one mark; the question gives the extent of the picture.

    Without that extent no one could tell a size from a picture: its pixels may have been resampled on the way.

    Args:
        facts: of `measured_facts`.
        size: (height, width) of the picture in pixels.
        spacing_mm: (row, column) distance of its pixels; without it nothing is asked.
        ontology: names what was measured.

    Raises:
        DataError: a label is not in the ontology.
    """
    if spacing_mm is None:
        return []
    extent = {"height": _length(size[0] * spacing_mm[0]), "width": _length(size[1] * spacing_mm[1])}
    return [
        Question(
            kind="open",
            task=f"size:{measure.name}",
            family="size_mm",
            slots=extent | {"finding": ontology.finding(measure.name).term},
            answer=_length(measure.size_mm),
        )
        for measure in facts.measures
        if measure.complete and measure.size_mm is not None and len(measure.boxes) == 1
    ]


def _length(millimetres: float) -> Term:
    """Return a length in whole millimetres; below ten with one decimal."""
    text = f"{millimetres:.1f}" if millimetres < 10 else f"{millimetres:.0f}"  # noqa: PLR2004 (two figures are enough)
    return Term(id=f"{text}mm", zh=(f"{text}毫米", f"{text} mm"), en=(f"{text} mm",))
