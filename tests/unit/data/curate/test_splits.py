"""Splits: groups stay whole, official sides stay, shares come out, and a group on two sides is refused."""

import numpy as np
import pytest

from curation_samples import Looked, copy_of, film, sample, sketches_of
from doctorsun.config.curation import Curation, Splits
from doctorsun.data.curate.global_steps import Decision, decide_rows
from doctorsun.data.curate.groups import refuse_two_sides, ties_of
from doctorsun.data.curate.shown_images import ShownImages
from doctorsun.errors import DataError
from doctorsun.schema import Sample, Variant

HALF = Splits(by="own", validation=0.25, test=0.25)


def decided(*samples: Sample, splits: Splits | None = HALF) -> Decision:
    return decide_rows(sketches_of(samples), Curation(splits=splits, near_texts=None), Looked(samples))


def pairs_of(**fields: str) -> list[Sample]:
    return [
        sample(f"{n}{m}", words=f"{n} {m}", **{k: f"{v}{n}" for k, v in fields.items()})
        for n in range(24)
        for m in "ab"
    ]


@pytest.mark.parametrize("tie", ["patient", "study", "article"])
def test_what_has_a_name_in_common_stays_on_one_side(tie: str):
    found = decided(*pairs_of(**{tie: "x"}))
    assert found.num_groups == 24
    assert found.largest_group == 2
    assert all(found.splits[place] == found.splits[place + 1] for place in range(0, 48, 2))
    assert set(found.splits.values()) == {"train", "validation", "test"}


def test_names_of_two_data_sets_do_not_meet_but_articles_and_studies_of_the_world_do():
    def groups(**name: str) -> int:
        return decided(sample("a", words="a", **name), sample("b", words="b", dataset="other", **name)).num_groups

    assert groups(patient="7") == 2
    assert groups(article="PMC123") == 1
    assert groups(study="1.2.840.10008.1.2.3") == 1


def test_questions_about_one_picture_share_a_group_also_across_patients_and_copies():
    one = sample("a", film(0), patient="p", words="Which organ?")
    assert decided(one, sample("b", film(0), patient="q", words="Which side?")).num_groups == 1
    assert decided(one, sample("b", copy_of(0), patient="q", words="Which side?")).num_groups == 1
    assert decided(one, sample("b", film(1), patient="q", words="Which side?")).num_groups == 2


def test_variants_share_a_group():
    said_again = sample("b", words="Welches Organ?", variant=Variant(of="a", kind="translation"))
    assert decided(sample("a", words="Which organ?"), said_again).num_groups == 1
    orphans = [sample(id_, words=id_, variant=Variant(of="gone", kind="translation")) for id_ in "cd"]
    assert decided(*orphans).num_groups == 1


def test_a_copy_that_goes_still_ties_two_patients():
    one, other = sample("a", film(0), patient="p", study="s"), sample("b", copy_of(0), patient="q", study="t")
    found = decided(one, other, sample("c", words="c", patient="p"), sample("d", words="d", patient="q"))
    assert len(found.rejected) == 1
    assert found.num_groups == 1


def test_shares_come_out_and_another_seed_gives_another_split():
    samples = [sample(str(number), words=str(number)) for number in range(1200)]
    found = list(decided(*samples).splits.values())
    assert [abs(found.count(name) - 300) < 60 for name in ("validation", "test")] == [True, True]
    other = list(decided(*samples, splits=HALF.model_copy(update={"seed": 1})).splits.values())
    assert other != found


def test_own_splits_ignore_the_official_ones():
    samples = [sample(str(number), words=str(number), split="test") for number in range(60)]
    assert set(decided(*samples).splits.values()) == {"train", "validation", "test"}


def test_official_test_and_validation_stay_and_training_in_their_groups_goes():
    samples = [
        sample("a", words="a", patient="p", split="test"),
        sample("b", words="b", patient="p"),
        sample("c", words="c", patient="p", split="validation"),
        sample("d", words="d", patient="q", split="validation"),
        sample("e", words="e", patient="q"),
        sample("f", words="f", patient="r"),
    ]
    found = decided(*samples, splits=Splits())
    assert found.splits == {0: "test", 3: "validation", 5: "train"}
    assert {place: (why.reason, why.detail) for place, why in found.rejected.items()} == {
        1: ("in_test_group", "of a in test"),
        2: ("in_test_group", "of a in test"),
        4: ("in_test_group", "of d in validation"),
    }


def test_a_data_set_that_holds_something_out_gives_all_else_to_training_and_others_are_shared_out():
    official = [sample(f"a{n}", words=f"a{n}", split="train" if n else "test") for n in range(60)]
    other = [sample(f"b{n}", words=f"b{n}", dataset="other") for n in range(60)]
    found = decided(*official, *other, splits=HALF.model_copy(update={"by": "official"})).splits
    assert [found[place] for place in range(60)] == ["test"] + ["train"] * 59
    assert {found[place] for place in range(60, 120)} == {"train", "validation", "test"}


def test_without_the_step_official_sides_stay():
    samples = [sample("a", words="a", patient="p", split="test"), sample("b", words="b", patient="p")]
    assert decided(*samples, splits=None).splits == {0: "test", 1: "train"}


def test_a_group_on_two_sides_is_refused():
    sketches = sketches_of([sample("a", words="a", patient="p"), sample("b", words="b", patient="p")])
    ties = ties_of(sketches, ShownImages.of(sketches), np.empty(0, np.int64))
    refuse_two_sides(sketches, ties, np.array([1, 1]))
    refuse_two_sides(sketches, ties, np.array([1, -1]))
    with pytest.raises(
        DataError, match=r"a patient lies on two sides of the split: got samples . and ., which share it"
    ):
        refuse_two_sides(sketches, ties, np.array([1, 2]))
