"""Curation of all samples at once: whatever the order and the shards, and curated again, nothing changes."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from curation_samples import Looked, copy_of, encoded, film, picture, sample, sketches_of, table_of
from doctorsun.config.curation import Cap, Curation, Splits
from doctorsun.data.curate.global_steps import Decision, decide_rows
from doctorsun.data.curate.sketches import Sketches
from doctorsun.schema import Sample, Variant

FILMS = [film(seed) for seed in range(2)] + [copy_of(seed) for seed in range(2)]
FILMS += [encoded(picture(0).resize((60, 50))), encoded(picture(1).crop((1, 1, 95, 79)))]
FILMS += [encoded(picture(0).crop((5, 4, 91, 76)))]
BASE = "There is a nodule in the upper lobe with spiculated margins, and the mediastinum is unremarkable today."
WORDS = [
    "Is there pneumonia?",
    "What is shown?",
    BASE,
    BASE.replace("unremarkable", "inconspicuous"),
    BASE.replace("upper", "lower"),
    BASE.replace("today", "again"),
    "肺部有结节，纵隔未见异常，建议随访复查。",
    "肺部有結節，縱隔未見異常，建議隨訪複查。",
]


@st.composite
def samples(draw: st.DrawFn) -> list[Sample]:
    """Draw samples that share images, words, patients, studies, articles and labels."""
    found: list[Sample] = []
    for number in range(draw(st.integers(0, 14))):
        images = draw(st.lists(st.sampled_from(FILMS), max_size=2))
        drawn = sample(
            f"{number}",
            *images,
            words=draw(st.sampled_from(WORDS)),
            dataset=draw(st.sampled_from(("cells", "scans"))),
            split=draw(st.sampled_from(("train", "train", "train", "validation", "test"))),
            patient=draw(st.sampled_from(("", "", "p", "q"))),
            study=draw(st.sampled_from(("", "", "s", "t"))),
            article=draw(st.sampled_from(("", "", "PMC1"))),
            labels=tuple(draw(st.sets(st.sampled_from(("cyst", "stone"))))),
        )
        of = draw(st.sampled_from((None, None, "0", "1")))
        found.append(drawn if of is None else replace(drawn, variant=Variant(of=of, kind="paraphrase")))
    return found


CURATIONS = st.builds(
    lambda by, label, source: Curation(
        label_cap=Cap(most=label), source_cap=Cap(most=source), splits=Splits(by=by, validation=0.3, test=0.3)
    ),
    st.sampled_from(("own", "official")),
    st.sampled_from((None, 1, 3)),
    st.sampled_from((None, 2, 5)),
)


def outcome(found: list[Sample], curation: Curation) -> tuple[dict[str, str], Decision]:
    """Return the split of each sample that stays by its id, and the whole decision."""
    decision = decide_rows(sketches_of(found), curation, Looked(found))
    assert decision.rejected.keys().isdisjoint(decision.splits)
    assert len(decision.rejected) + len(decision.splits) == len(found)
    return {found[place].id: split for place, split in decision.splits.items()}, decision


@settings(max_examples=15)
@given(samples(), CURATIONS, st.randoms(use_true_random=False))
def test_the_order_does_not_count(found: list[Sample], curation: Curation, random) -> None:
    first, decision = outcome(found, curation)
    turned = list(found)
    random.shuffle(turned)
    second, other = outcome(turned, curation)
    assert first == second
    reasons = {found[place].id: why for place, why in decision.rejected.items()}
    assert reasons == {turned[place].id: why for place, why in other.rejected.items()}


@settings(max_examples=15)
@given(samples(), CURATIONS)
def test_curated_again_nothing_goes(found: list[Sample], curation: Curation) -> None:
    splits, _ = outcome(found, curation)
    kept = [replace(one, source=replace(one.source, split=splits[one.id])) for one in found if one.id in splits]
    again, decision = outcome(kept, curation)
    assert decision.rejected == {}
    assert again.keys() == splits.keys()


@settings(max_examples=15)
@given(samples(), st.integers(1, 5))
def test_shards_do_not_count(found: list[Sample], num: int) -> None:
    whole = decide_rows(sketches_of(found), Curation(), Looked(found))
    parts = [
        table_of(found[start : start + num], range(start, min(start + num, len(found))))
        for start in range(0, len(found), num)
    ]
    assert decide_rows(Sketches([part.select for part in parts]), Curation(), Looked(found)) == whole


@settings(max_examples=15)
@given(samples(), CURATIONS)
def test_nothing_that_ties_samples_lies_on_two_sides(found: list[Sample], curation: Curation) -> None:
    splits, _ = outcome(found, curation)
    sides: dict[object, set[str]] = {}
    for one in found:
        if one.id in splits:
            ties = [(name, one.source.dataset, getattr(one.groups, name)) for name in ("patient", "study")]
            ties = [tie for tie in ties if tie[2]]
            ties += [("article", one.groups.article)] * bool(one.groups.article)
            ties += [("image", image.sha256) for image in one.images]
            ties += [("variant", one.variant.of if one.variant else one.id)]
            for tie in ties:
                sides.setdefault(tie, set()).add(splits[one.id])
    assert all(len(found) == 1 for found in sides.values())
