"""Step: samples that say nearly the same about the same images, or about none."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import NDArray

from doctorsun.data.curate.near_images import picture_classes, show_the_same
from doctorsun.data.curate.near_pictures import NearPictures
from doctorsun.data.curate.preference import Preference
from doctorsun.data.curate.runs import rows_alike
from doctorsun.data.curate.shingles_file import ShinglesFile
from doctorsun.data.curate.shown_images import Numbers, ShownImages
from doctorsun.data.curate.sketches import Sketches, digest_of, flat
from doctorsun.schema import Sample
from doctorsun.text.shingles import NUM_BANDS, shingles, similarity
from doctorsun.text.telling import telling_words

_BANDS_AT_A_TIME = 4

SampleOf = Callable[[int], Sample]
"""Gives a sample by its place; its images are not asked for."""


def near_texts(
    sketches: Sketches,
    among: Numbers,
    least_similarity: float,
    *,
    shown: ShownImages,
    near: NearPictures,
    preference: Preference,
    sample_of: SampleOf,
    scratch: Path | None = None,
) -> dict[int, int]:
    """Return which rows go, each with one that stays.

    Samples are compared when they show the same images, or none; so a short question that is asked of many images is
    no duplicate. Of those that share a MinHash band, the shingles themselves are compared: of what is asked and of what
    is answered, each for itself, because one answer may serve two questions. Samples that are variants of one another,
    and texts that differ in a number, a side, a negation or an option letter, are never alike.

    Args:
        sketches: of all samples.
        among: the rows that count.
        least_similarity: Jaccard similarity of the shingles of texts that are alike.
        shown: the images of all samples.
        near: the pairs of images that are one picture.
        preference: among all samples.
        sample_of: of those that share a band with others.
        scratch: the folder of a scratch file; by default that of the system.

    Raises:
        OSError: the scratch file cannot be written.
    """
    shows = shown.signatures(picture_classes(shown, near))
    equal = _equal_texts(sketches, among[shows[among] == 0], preference)
    buckets = _shared_buckets(sketches, shows, among[~np.isin(among, list(equal))])
    families, pairs = _families(sketches, list(buckets)), near.as_set()
    with TemporaryFile(dir=scratch) as file:
        said = _Said(sketches, sorted(buckets), sample_of, ShinglesFile(file))

        def are_alike(one: int, other: int) -> bool:
            return (
                preference.yields(one, other)
                and families[one] != families[other]
                and show_the_same(shown.of_row(one), shown.of_row(other), pairs)
                and said.are_alike(one, other, least_similarity)
            )

        return equal | _alike_to_better(buckets, preference.ranks, are_alike)


def rows_in_bands(sketches: Sketches, among: Numbers, shows: NDArray[np.uint64]) -> Iterator[Numbers]:
    """Yield the rows that share a MinHash band and show the same, band by band.

    Args:
        sketches: of all samples.
        among: the rows that count, ascending.
        shows: what each of these rows shows.
    """
    codes, counts = np.unique(shows, return_inverse=True, return_counts=True)[1:]
    meets = counts[codes] > 1
    rows, shows = among[meets], shows[meets]
    for start in range(0, NUM_BANDS if len(rows) else 0, _BANDS_AT_A_TIME):
        bands = _bands(sketches, rows, slice(start, start + _BANDS_AT_A_TIME))
        for band in bands.T:
            yield from (rows[found] for found in rows_alike(shows, band, among=np.arange(len(rows))))


def _bands(sketches: Sketches, rows: Numbers, bands: slice) -> NDArray[np.uint32]:
    """Return some MinHash bands of some rows, [rows, bands]."""
    found, start = list[NDArray[np.uint32]](), 0
    for table in sketches.tables("bands"):
        first, last = np.searchsorted(rows, [start, start + table.num_rows])
        own = flat(table, "bands").to_numpy().reshape(-1, NUM_BANDS)
        found.append(own[rows[first:last] - start, bands])
        start += table.num_rows
    return np.concatenate(found)


class _Said:
    """What is asked and what is answered in some rows.

    Args:
        sketches: of all samples.
        rows: ascending, so that each part is read once.
        sample_of: gives the samples.
        hashes: takes the shingles.
    """

    def __init__(self, sketches: Sketches, rows: Sequence[int], sample_of: SampleOf, hashes: ShinglesFile) -> None:
        self._numbers = {row: number for number, row in enumerate(rows)}
        self._hashes = hashes
        self._telling: list[bytes] = []
        for place in sketches.places[list(rows)].tolist():
            asked, answered = _asked_and_answered(sample_of(place))
            hashes.add(shingles(asked))
            hashes.add(shingles(answered))
            self._telling.append(digest_of(repr(sorted(telling_words(f"{asked}\n{answered}").items()))))

    def are_alike(self, one: int, other: int, least_similarity: float) -> bool:
        """Say whether two rows tell the same, and are similar in what is asked and in what is answered."""
        first, second = self._numbers[one], self._numbers[other]
        return self._telling[first] == self._telling[second] and all(
            similarity(self._hashes[2 * first + part], self._hashes[2 * second + part]) >= least_similarity
            for part in (0, 1)
        )


def _asked_and_answered(sample: Sample) -> tuple[str, str]:
    turns = [(turn.role == "assistant", turn.text) for turn in sample.messages]
    options, gold = (sample.answer.options, sample.answer.gold) if sample.answer else ((), ())
    asked = "\n".join([*(text for is_answer, text in turns if not is_answer), *options])
    answered = "\n".join([*(text for is_answer, text in turns if is_answer), *gold])
    return asked, answered


def _equal_texts(sketches: Sketches, among: Numbers, preference: Preference) -> dict[int, int]:
    """Return the rows that say the same as a better one, letter for letter, each with the best one."""
    gone: dict[int, int] = {}
    for rows in rows_alike(sketches.codes("text_sha256"), among=among):
        gone |= preference.yielding(rows)
    return gone


def _shared_buckets(sketches: Sketches, shows: NDArray[np.uint64], among: Numbers) -> dict[int, list[int]]:
    """Return for each row the numbers of the buckets that it shares with others: same pictures and equal band."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    for number, rows in enumerate(rows_in_bands(sketches, among, shows[among])):
        for row in rows.tolist():
            found[row].append(number)
    return dict(found)


def _families(sketches: Sketches, rows: Sequence[int]) -> dict[int, str]:
    """Return the sample that each row varies; of the others their own id."""
    ids, origins = sketches.values("id", rows), sketches.values("variant_of", rows)
    return {row: origins[row] or ids[row] for row in rows}


def _alike_to_better(
    buckets: dict[int, list[int]], ranks: Numbers, are_alike: Callable[[int, int], bool]
) -> dict[int, int]:
    """Return which rows go, each with the best one that stays and is like it; the best rows are seen first."""
    staying: defaultdict[int, list[int]] = defaultdict(list)
    gone: dict[int, int] = {}
    for row in sorted(buckets, key=ranks.__getitem__):
        others = {other for bucket in buckets[row] for other in staying[bucket]}
        best = next((other for other in sorted(others, key=ranks.__getitem__) if are_alike(row, other)), None)
        if best is not None:
            gone[row] = best
            continue
        for bucket in buckets[row]:
            staying[bucket].append(row)
    return gone
