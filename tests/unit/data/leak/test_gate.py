"""The gate of curation."""

from pathlib import Path

from doctorsun.data.curate.candidate import Candidate, Rejected
from doctorsun.data.curate.sketch import sketch_of
from doctorsun.data.leak.gate import leaking_rows, trace_of_sketched
from doctorsun.data.leak.trace import traces_of, write_traces
from doctorsun.schema import Sample
from leak_rows import SampleRows, indexed, picture
from small_model import question

CASE = "A 24-year-old man comes to the physician because of fever and cough for three days. What is the diagnosis?"


class AtPlaces(SampleRows):
    """Reads samples by places of their own, ten apart."""

    def picture(self, place: int, number: int) -> bytes | None:
        return super().picture(place // 10, number)

    def words(self, place: int) -> str:
        return super().words(place // 10)


def asked(name: str, words: str, *seeds: int, form: str = "PNG") -> Sample:
    return question(name, words, "Left.", *[picture(seed, form) for seed in seeds])


def test_the_trace_of_a_sketched_sample_is_that_of_the_sample() -> None:
    sample = asked("a", CASE, 1, 2)

    assert trace_of_sketched(sample, sketch_of(7, Candidate(sample))) == traces_of([sample])[0]


def test_what_leaks_goes_with_the_strongest_reason_whatever_the_parts(tmp_path: Path) -> None:
    tests = [indexed([asked("q1", CASE), asked("q2", "Why?", 1)]), indexed([asked("q3", "Who?", 2)])]
    samples = [
        asked("s0", "Is it CT?", 5),
        asked("s1", CASE, 1),
        asked("s2", "Is it CT?", 2, form="JPEG"),
        asked("s3", f"Well: {CASE}"),
    ]
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path, part in zip(paths, (samples[:1], samples[1:]), strict=True):
        write_traces(path, traces_of(part))

    found = leaking_rows(paths, [0, 10, 20, 30], AtPlaces(samples), tests)

    assert found == {
        10: Rejected("in_test_set", "file: own, question q2"),
        20: Rejected("in_test_set", "near: own, question q3"),
        30: Rejected("in_test_set", "question: own, question q1"),
    }
