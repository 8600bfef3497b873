"""What ties samples without images by their words: nearly the same text, or the same question to begin with."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np

from doctorsun.data.curate.groups import Tie
from doctorsun.data.curate.leaders import Leaders
from doctorsun.data.curate.near_texts import SampleOf, rows_in_bands
from doctorsun.data.curate.runs import rows_alike
from doctorsun.data.curate.shingles_file import ShinglesFile
from doctorsun.data.curate.shown_images import Numbers, ShownImages
from doctorsun.data.curate.sketch import told
from doctorsun.data.curate.sketches import Sketches
from doctorsun.text.shingles import shingles, similarity

MOST_ASKED = 50
"""What begins more talks than this is a greeting or an instruction, and ties nothing."""


def text_ties(
    sketches: Sketches,
    shown: ShownImages,
    least_similarity: float,
    sample_of: SampleOf,
    scratch: Path | None = None,
) -> tuple[Tie, ...]:
    """Return what ties samples without images by their words, whether one of them goes or all stay.

    Two texts that differ in a number, or in the answer alone, both stay; but with one of them learnt, the other is no
    test. Samples with images are tied by these: short questions are asked of many.

    Args:
        sketches: of all samples.
        shown: the images of all samples.
        least_similarity: Jaccard similarity, over all that they say, of texts that are tied.
        sample_of: of those that share a MinHash band with others.
        scratch: the folder of a scratch file; by default that of the system.

    Raises:
        OSError: the scratch file cannot be written.
    """
    without_images = np.flatnonzero(shown.signatures() == 0)
    with TemporaryFile(dir=scratch) as file:
        near = _near(sketches, without_images, least_similarity, sample_of, ShinglesFile(file))
    return near, _asked(sketches, without_images)


def _near(
    sketches: Sketches, among: Numbers, least_similarity: float, sample_of: SampleOf, hashes: ShinglesFile
) -> Tie:
    """Tie what is joined by similar texts, however many lie between."""
    leaders = Leaders(len(sketches))
    is_first = np.ones(len(sketches), dtype=np.bool_)
    for rows in rows_alike(sketches.codes("text_sha256"), among=among):
        is_first[rows[1:]] = False
        for row in rows[1:].tolist():
            leaders.join(int(rows[0]), row)
    firsts, places = among[is_first[among]], sketches.places
    meeting = sorted({row for rows in _met(sketches, firsts) for row in rows})  # in order: reads each part once
    for place in places[meeting].tolist():
        hashes.add(shingles(told(sample_of(place))))
    numbers = {row: number for number, row in enumerate(meeting)}

    def are_similar(one: int, other: int) -> bool:
        return similarity(hashes[numbers[one]], hashes[numbers[other]]) >= least_similarity

    for rows in _met(sketches, firsts):
        for number, row in enumerate(rows):
            for other in rows[:number]:
                if leaders.of(row) != leaders.of(other) and are_similar(row, other):
                    leaders.join(other, row)
    return Tie("text", among, np.array([leaders.of(row) for row in among.tolist()], dtype=np.int64))


def _met(sketches: Sketches, among: Numbers) -> Iterator[list[int]]:
    """Yield the rows that share a band."""
    for rows in rows_in_bands(sketches, among, np.zeros(len(among), dtype=np.uint64)):
        yield rows.tolist()


def _asked(sketches: Sketches, among: Numbers) -> Tie:
    """Tie what begins with the same question."""
    asked = sketches.numbers("asked", np.uint64)[among]
    codes, counts = np.unique(asked, return_inverse=True, return_counts=True)[1:]
    ties = (asked != 0) & (counts[codes] <= MOST_ASKED)
    return Tie("question", among[ties], codes[ties].astype(np.int64))
