"""The page of a leak check."""

from dataclasses import replace
from pathlib import Path

import pytest

from doctorsun.data.leak.found import FoundLeaks
from doctorsun.recipes import leak
from doctorsun.recipes.leak import find_leaks
from doctorsun.report.leaks import NUM_PAIRS, shown_pairs, write_leak_page
from doctorsun.schema import Image, Sample
from leak_rows import picture
from small_model import question, write_store

CASE = "A 24-year-old man comes to the physician because of fever and cough for <b>three</b> days. Diagnosis?"


def asked(name: str, words: str, *images: Image) -> Sample:
    return question(name, words, "Left.", *images)


def found_in(folder: Path, tests: list[Sample], training: list[Sample]) -> FoundLeaks:
    store, questions = write_store(folder / "store", training), write_store(folder / "asked", tests)
    return find_leaks(
        store.folder, leak.tested_sets({"own": questions.folder}, folder, [].append), folder / "cache", lambda *_: None
    )


@pytest.mark.parametrize(("language", "title"), [("en", "Leak check"), ("zh", "泄漏检查")])
def test_pairs_stand_side_by_side_in_a_page_of_its_own(tmp_path: Path, language: str, title: str) -> None:
    gone = Image(bytes=None, sha256="", width=0, height=0, path="a/1.png")
    tests = [asked("q1", "Why?", picture(1)), asked("q2", CASE), asked("q3", "Who?", gone)]
    training = [asked("s1", "Is it CT?", picture(1, "JPEG")), asked("s2", CASE), asked("s3", "Me?", gone)]

    page = write_leak_page(
        found_in(tmp_path, tests, training), tmp_path / "out", language="zh" if language == "zh" else "en"
    )

    text = page.read_text(encoding="utf-8")
    assert page.name == "leaks.html"
    assert title in text
    assert text.count('src="data:image/') == 2
    assert text.count("<figure") == 3
    assert "&lt;b&gt;three" in text
    assert "<b>three" not in text
    assert "http" not in text.replace("http://www.w3.org", "")


def test_a_clean_store_says_so(tmp_path: Path) -> None:
    page = write_leak_page(found_in(tmp_path, [asked("q", CASE)], [asked("s", "No?")]), tmp_path / "out")

    assert "Nothing of this test was found" in page.read_text(encoding="utf-8")


def test_few_pairs_of_each_layer_are_shown_and_each_image_once(tmp_path: Path) -> None:
    tests = [asked(f"q{n}-{seed}", f"Why {n}?", picture(seed)) for seed in range(9) for n in range(2)]
    training = [asked(f"s{n}-{seed}", f"Why {n}?", picture(seed)) for seed in range(9) for n in range(3)]
    found = found_in(tmp_path, tests, training)

    pairs = shown_pairs(found.tests[0], found.store)

    assert list(pairs) == ["file"]
    assert len(pairs["file"]) == NUM_PAIRS
    assert len({pair.test.picture for pair in pairs["file"]}) == NUM_PAIRS
    assert {pair.row["words"] for pair in pairs["file"]} == {"exact"}


def test_the_image_of_a_pair_is_the_one_that_leaks(tmp_path: Path) -> None:
    tests = [asked("q", "Why?", picture(1), picture(1), replace(picture(2), path="2.png"))]
    training = [asked("s", "Why?", picture(7), replace(picture(2), path="else.png"))]
    found = found_in(tmp_path, tests, training)

    (pair,) = shown_pairs(found.tests[0], found.store)["file"]

    assert (pair.test.path, pair.store.path) == ("2.png", "else.png")
