"""Caps: how many stay, rare labels, and that the order does not choose."""

from curation_samples import Looked, sample, sketches_of
from doctorsun.config.curation import Cap, Curation
from doctorsun.data.curate.global_steps import Decision, decide_rows
from doctorsun.schema import Sample

WORDS = ["liver", "spleen", "kidney", "heart", "lung", "brain", "skin", "bone", "eye", "ear", "nose", "throat"]


def decided(samples: list[Sample], **settings: object) -> Decision:
    return decide_rows(sketches_of(samples), Curation(**settings), Looked(samples))


def labelled(*labels: tuple[str, ...], **fields: object) -> list[Sample]:
    return [sample(f"{n}", words=f"About the {WORDS[n]}", labels=own, **fields) for n, own in enumerate(labels)]


def test_a_label_keeps_no_more_than_its_cap_and_samples_without_labels_stay():
    found = decided(labelled(*[("cyst",)] * 6, (), ()), label_cap=Cap(most=2))
    assert len(found.rejected) == 4
    assert {(why.reason, why.detail) for why in found.rejected.values()} == {("label_cap", "cyst")}
    assert {6, 7} <= set(found.splits)


def test_a_rare_label_is_kept_beyond_the_cap_of_its_frequent_one():
    found = decided(labelled(*[("cyst",)] * 6, ("cyst", "stone")), label_cap=Cap(most=1))
    assert 6 in found.splits
    assert len(found.rejected) in (5, 6)


def test_a_source_keeps_no_more_than_its_cap():
    samples = [*labelled(*([()] * 5)), sample("other", words="Another set", dataset="other")]
    found = decided(samples, source_cap=Cap(most=3))
    assert [(why.reason, why.detail) for why in found.rejected.values()] == [("source_cap", "cells")] * 2
    assert 5 in found.splits


def test_the_same_samples_stay_in_any_order():
    samples = labelled(*[("cyst",)] * 8)
    kept = {samples[place].id for place in decided(samples, label_cap=Cap(most=3)).splits}
    turned = samples[::-1]
    assert {turned[place].id for place in decided(turned, label_cap=Cap(most=3)).splits} == kept


def test_what_is_held_out_neither_counts_nor_goes():
    samples = labelled(*[("cyst",)] * 3, split="test")
    assert decided(samples, label_cap=Cap(most=1)).rejected == {}
    assert len(decided(samples, label_cap=Cap(most=1), splits={"by": "own"}).rejected) == 2


def test_no_cap_is_no_limit():
    assert decided(labelled(*[("cyst",)] * 6)).rejected == {}
