"""Which contacts are leaks."""

from dataclasses import replace

from doctorsun.data.leak.found import LeakedTest
from doctorsun.data.leak.search import LeakSearch
from doctorsun.data.leak.trace import traces_of
from doctorsun.data.leak.verdict import Leak, Verdict
from doctorsun.schema import Image, Sample
from leak_rows import SampleRows, indexed, picture
from small_model import question

CASE = "A 24-year-old man comes to the physician because of fever and cough for three days. What is the diagnosis?"
OPTIONS = "\nA. the left lower lobe of the lung\nB. the right lower lobe\nC. the left upper lobe\nD. the right upper"


def asked(name: str, words: str, *images: Image) -> Sample:
    return question(name, words, "Left.", *images)


def gone(path: str) -> Image:
    return Image(bytes=None, sha256="", width=0, height=0, path=path)


def verdict(tests: list[Sample], *parts: list[Sample]) -> Verdict:
    tested = indexed(tests)
    search, found = LeakSearch(tested), Verdict(tested)
    first = 0
    for part in parts:
        found.add(search.look_through(traces_of(part), SampleRows(part)), first)
        first += len(part)
    return found


def leaks(tests: list[Sample], *parts: list[Sample]) -> list[tuple[str, str, str]]:
    """Return question, sample and strongest layer."""
    found = verdict(tests, *parts)
    return [(found.question(leak).id, leak.sample, leak.layer) for leak in found.leaks()]


def test_a_shown_image_gives_away_every_question_about_it() -> None:
    tests = [asked("q1", "Why?", picture(1)), asked("q2", "Who?", picture(1)), asked("q3", "Who?", picture(3))]

    assert leaks(tests, [asked("s", "Is it CT?", picture(1))]) == [("q1", "s", "file"), ("q2", "s", "file")]


def test_the_strongest_layer_of_several_images_counts() -> None:
    tests = [asked("q", "Why?", picture(1), picture(2))]

    assert leaks(tests, [asked("s", "Is it CT?", picture(1, "JPEG"), picture(2))]) == [("q", "s", "file")]


def test_short_questions_count_only_with_their_image() -> None:
    tests = [asked("q1", "Is there pneumonia?", picture(1)), asked("q2", "Is there pneumonia?")]
    training = [asked("s1", "Is there pneumonia?", picture(2)), asked("s2", "Is there pneumonia?", picture(1))]

    assert leaks(tests, training) == [("q1", "s2", "file")]
    assert [leak.words for leak in verdict(tests, training).leaks()] == ["exact"]


def test_long_questions_count_alone() -> None:
    assert leaks([asked("q", CASE)], [asked("s", CASE)]) == [("q", "s", "question")]
    assert leaks([asked("q", CASE)], [asked("s", f"Answer: {CASE[:-25]} Why?")]) == [("q", "s", "question")]


def test_a_short_stem_does_not_count_because_its_options_are_long() -> None:
    tests = [asked("q", f"Which is right?{OPTIONS}")]

    assert leaks(tests, [asked("s", "Which is right?\nA. yes\nB. no")]) == []
    assert leaks(tests, [asked("s", f"Which is right?{OPTIONS}")]) == [("q", "s", "question")]


def test_a_long_question_about_another_image_does_not_count() -> None:
    tests = [asked("q", CASE, picture(1))]

    assert leaks(tests, [asked("s", CASE, picture(2))]) == []
    assert leaks(tests, [asked("s", CASE)]) == [("q", "s", "question")]


def test_a_question_that_the_test_asks_about_several_images_is_a_template() -> None:
    tests = [asked("q1", CASE, picture(1)), asked("q2", CASE, picture(2))]

    assert leaks(tests, [asked("s", CASE)]) == []
    assert leaks(tests[:1], [asked("s", CASE)]) == [("q1", "s", "question")]


def test_a_question_that_training_asks_about_many_images_is_a_template() -> None:
    tests = [asked("q", CASE, picture(1))]
    training = [replace(asked(f"s{n}", CASE, gone("")), images=(replace(gone(""), sha256=f"{n}"),)) for n in range(4)]

    assert leaks(tests, training[:3]) == [("q", f"s{n}", "question") for n in range(3)]
    assert leaks(tests, training[:2], training[2:]) == []


def test_rows_are_places_in_the_store_whatever_the_parts() -> None:
    tests, training = [asked("q", CASE)], [asked("a", "No."), asked("b", CASE), asked("c", "No."), asked("d", CASE)]

    whole = list(verdict(tests, training).leaks())
    assert [leak.row for leak in whole] == [1, 3]
    assert list(verdict(tests, training[:2], training[2:]).leaks()) == whole


def test_the_worst_leak_of_each_sample() -> None:
    tests = [asked("q1", CASE), asked("q2", "Why?", picture(1))]

    worst = verdict(tests, [asked("s", CASE, picture(1))]).worst()
    assert {row: leak.layer for row, leak in worst.items()} == {0: "file"}


def test_the_facts_count_each_layer_and_what_no_stronger_one_has() -> None:
    tests = [asked("q1", "Why?", picture(1)), asked("q2", "Who?", picture(2)), asked("q3", CASE), asked("q4", "No?")]
    training = [asked("s1", "Why?", picture(1)), asked("s2", "x", picture(2, "BMP")), asked("s3", CASE, picture(1))]
    found = verdict(tests, training)

    facts = LeakedTest(found.tested, list(found.leaks())).facts()

    layers = {row.pop("layer"): row for row in facts.pop("layers")}
    assert facts == {
        "task": "own",
        "num_questions": 4,
        "num_clean": 1,
        "num_leaked": 3,
        "num_images": 2,
        "num_leaked_images": 2,
        "num_pairs": 1,
        "num_rows": 3,
    }
    assert layers["file"] == {"questions": 1, "first": 1, "images": 1, "rows": 2}
    assert layers["pixels"] == {"questions": 2, "first": 1, "images": 2, "rows": 3}
    assert layers["question"] == {"questions": 1, "first": 1, "images": 0, "rows": 1}
    assert layers["near"] == layers["image_id"] == {"questions": 0, "first": 0, "images": 0, "rows": 0}


def test_the_strongest_layer_is_the_first() -> None:
    leak = Leak(0, "s", 0, ("file", "pixels"), 0, "", None)

    assert leak.layer == "file"
