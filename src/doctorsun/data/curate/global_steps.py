"""The steps on all samples together, in their order, and the splits of what is left."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from doctorsun.config.curation import Curation
from doctorsun.data.curate.candidate import Rejected
from doctorsun.data.curate.sketch import Sketches


class Looks(Protocol):
    """A second look at samples that seem alike."""

    def picture(self, place: int, number: int) -> bytes | None:
        """Return the encoded image of a sample by its number there; None of one that is only named."""
        ...

    def words(self, place: int) -> str:
        """Return all that a sample says."""
        ...


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of every sample that was left, by its place."""

    rejected: Mapping[int, Rejected]
    splits: Mapping[int, str]


def decide_rows(sketches: Sketches, settings: Curation, looks: Looks) -> Decision:  # noqa: ARG001 (no step yet)
    """Put all samples through every step on them together."""
    return Decision({}, dict(zip(sketches.places.tolist(), sketches.table["split"].to_pylist(), strict=True)))
