"""The gate of curation: samples that show or say what a test asks do not enter a store."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doctorsun.data.curate.candidate import Rejected
from doctorsun.data.leak.contact import Rows
from doctorsun.data.leak.search import LeakSearch
from doctorsun.data.leak.tested import Tested
from doctorsun.data.leak.trace import Look, Trace, read_traces, trace_of
from doctorsun.data.leak.verdict import Verdict
from doctorsun.schema import Sample

IN_TEST_SET = "in_test_set"


@dataclass(frozen=True, slots=True)
class _PartOfAll:
    """Reads the samples of one part by their places in it."""

    rows: Rows
    places: Sequence[int]

    def picture(self, place: int, number: int) -> bytes | None:
        return self.rows.picture(self.places[place], number)

    def words(self, place: int) -> str:
        return self.rows.words(self.places[place])


def trace_of_sketched(sample: Sample, sketch: Mapping[str, Any]) -> Trace:
    """Return the trace of a sample whose sketch tells what its images look like."""
    looks = zip(sketch["pixel_sha256"], sketch["fingerprints"], sketch["inner"], strict=True)
    return trace_of(sample, [Look(pixels.hex(), whole + inner) if pixels else Look() for pixels, whole, inner in looks])


def leaking_rows(
    paths: Iterable[Path], places: Sequence[int], rows: Rows, tests: Sequence[Tested]
) -> dict[int, Rejected]:
    """Return which samples leak, and the strongest evidence of each.

    Args:
        paths: files of traces, which count as one table.
        places: of each row of that table, in the store.
        rows: reads samples again by their places in the store.
        tests: what must not be learnt from.

    Returns:
        The reason by place in the store.
    """
    searches = [(LeakSearch(tested), Verdict(tested)) for tested in tests]
    first = 0
    for path in paths:
        traces = read_traces(path)
        part = _PartOfAll(rows, places[first : first + len(traces)])
        for search, verdict in searches:
            verdict.add(search.look_through(traces, part), first)
        first += len(traces)
    found: dict[int, Rejected] = {}
    for _, verdict in searches:
        for row, leak in verdict.worst().items():
            detail = f"{leak.layer}: {verdict.tested.name}, question {verdict.question(leak).id}"
            found.setdefault(places[row], Rejected(IN_TEST_SET, detail))
    return found
