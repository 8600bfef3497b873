from dataclasses import replace
from pathlib import Path

from fake_store import boxed, document, missing, picture, question, write_store

from doctorsun.report.store_facts import NUM_CANDIDATES, Origin, count_store
from doctorsun.schema import Groups, Message, Sample, text_part
from doctorsun.storage.store import Store

FUNDI = Origin(dataset="fundi", version="", url="https://example.org/fundi", licence="CC-BY-4.0")


def facts_of(folder: Path, *samples: Sample):
    return count_store(Store(write_store(folder, *samples)))


def test_samples_are_counted_by_origin_split_and_language(tmp_path: Path) -> None:
    facts = facts_of(
        tmp_path / "s", question("a", "?", "!"), boxed("b", picture(8, 8), language="zh"), document("c", "x")
    )
    book = Origin(dataset="book", version="", url="", licence="MIT")
    assert facts.splits == {(FUNDI, "train"): 2, (book, "train"): 1}
    assert facts.languages == {(FUNDI, "en"): 1, (FUNDI, "zh"): 1, (book, "en"): 1}
    assert facts.made_by == {("human", ""): 2, ("template", ""): 1}
    assert facts.kinds == {"open": 1}


def test_boxes_and_images_that_samples_share_count_once_and_labels_per_sample(tmp_path: Path) -> None:
    shared, other = picture(10, 20), picture(300, 30)
    facts = facts_of(tmp_path / "s", boxed("a", shared), boxed("b", shared), boxed("c", shared), boxed("d", other))
    assert facts.labels == {"nodule": 4, "polyp": 4}
    assert facts.boxes == {"nodule": 2, "polyp": 2}
    assert (facts.images.num, facts.images.num_missing) == (2, 0)
    assert facts.images.by_longer_side == (1, 1, 0, 0, 0)
    assert sorted(facts.images.frequent) == [((10, 20), 1), ((300, 30), 1)]


def test_images_that_are_only_named_are_told_by_their_paths(tmp_path: Path) -> None:
    named = [question(str(n), "?", "!", missing(path)) for n, path in enumerate(["x", "y", "x"])]
    facts = facts_of(tmp_path / "s", *named, question("here", "?", "!", picture(4, 4)))
    assert (facts.images.num, facts.images.num_missing) == (1, 2)
    assert [each.has_image for each in facts.candidates] == [False, False, False, True]


def test_lengths_count_characters_of_each_speaker_and_language(tmp_path: Path) -> None:
    parts = Message(role="user", content=(text_part("ab"), text_part("眼底")))
    several = replace(question("a", "", "yes"), messages=(parts, question("a", "", "yes").messages[1]))
    facts = facts_of(tmp_path / "s", several, question("b", "abcdefgh", "no"), document("c", "x" * 70_000))
    assert facts.lengths["en", "user"].num == 2
    assert facts.lengths["en", "user"].quantiles == (8, 8, 8, 8)
    assert facts.lengths["en", "assistant"].quantiles == (3, 3, 70_000, 70_000)


def test_patients_of_two_data_sets_are_different_ones(tmp_path: Path) -> None:
    one = replace(question("a", "?", "!"), groups=Groups(patient="1"))
    two = replace(document("b", "?"), groups=Groups(patient="1", article="x"))
    assert facts_of(tmp_path / "s", one, replace(one, id="c"), two).groups == {"patient": 2, "study": 0, "article": 1}


def test_the_first_ids_of_every_kind_are_candidates(tmp_path: Path) -> None:
    many = [document(f"{(n * 7) % 50:02}", "x") for n in range(50)]
    rows = [each.row for each in facts_of(tmp_path / "s", *many, question("z", "?", "!")).candidates]
    assert [(row * 7) % 50 for row in rows[:-1]] == list(range(NUM_CANDIDATES))
    assert rows[-1] == 50


def test_an_empty_store_has_empty_counts(tmp_path: Path) -> None:
    facts = facts_of(tmp_path / "s")
    assert (facts.splits, facts.boxes, facts.lengths, facts.candidates) == ({}, {}, {}, ())
    assert (facts.images.num, facts.images.by_longer_side) == (0, (0, 0, 0, 0, 0))
    assert facts.groups == {"patient": 0, "study": 0, "article": 0}


def test_boxes_of_a_sample_without_images_count_too(tmp_path: Path) -> None:
    facts = facts_of(tmp_path / "s", replace(boxed("a", picture(9, 9)), images=()))
    assert facts.boxes == {"nodule": 1, "polyp": 1}
