"""Duplicates: what goes, what stays because it asks something else, and what is never compared."""

from dataclasses import replace

import numpy as np
import PIL.Image
import pytest

from curation_samples import Looked, copy_of, encoded, film, picture, sample, sketches_of
from doctorsun.config.curation import Curation, NearTexts, Splits
from doctorsun.data.curate.global_steps import Decision, decide_rows
from doctorsun.schema import Answer, Image, Message, Sample, Variant, text_part

REPORT = (
    "The heart is of normal size. There is a nodule in the right upper lobe with spiculated margins. "
    "The mediastinum is unremarkable and there is no pleural effusion."
)
ALIKE = REPORT.replace("unremarkable", "inconspicuous")


def decided(*samples: Sample, settings: Curation | None = None) -> Decision:
    return decide_rows(sketches_of(samples), settings or Curation(), Looked(samples))


def reasons(*samples: Sample, settings: Curation | None = None) -> dict[int, str]:
    return {place: why.reason for place, why in decided(*samples, settings=settings).rejected.items()}


def test_the_same_file_with_the_same_words_goes_and_names_what_stays():
    found = decided(sample("a", film(0)), sample("b", film(0)), sample("c", film(1)))
    assert len(found.rejected) == 1
    ((place, why),) = found.rejected.items()
    assert (why.reason, why.detail) == ("exact_duplicate", f"like {'ab'[1 - place]}")


def test_the_same_pixels_in_another_file_are_the_same_image():
    colour = encoded(picture(0).convert("RGB"))
    assert colour.sha256 != film(0).sha256
    assert list(reasons(sample("a", film(0)), sample("b", colour)).values()) == ["exact_duplicate"]


def test_the_same_image_with_another_question_or_another_answer_stays():
    other = sample("b", film(0), words="Which organ is it?")
    gold = sample("c", film(0), answer=Answer(kind="open", gold=("a cyst",)))
    assert reasons(sample("a", film(0)), other, gold) == {}


@pytest.mark.parametrize(
    "copy",
    [
        copy_of(0),
        encoded(picture(0).resize((60, 50))),
        encoded(picture(0).point(lambda level: max(0, min(255, (level - 40) * 255 / 170)))),
        encoded(picture(0).crop((1, 1, 95, 79))),
    ],
    ids=["encoded again", "resized", "window", "cut"],
)
def test_a_copy_with_the_same_words_goes(copy: Image):
    assert list(reasons(sample("a", film(0)), sample("b", copy)).values()) == ["near_duplicate_image"]


def test_a_padded_copy_goes():
    padded = PIL.Image.new("L", (120, 120))
    padded.paste(picture(0), (12, 20))
    assert list(reasons(sample("a", film(0)), sample("b", encoded(padded))).values()) == ["near_duplicate_image"]


def test_the_larger_image_stays():
    small = encoded(picture(0).resize((48, 40)))
    assert reasons(sample("a", small), sample("b", film(0))) == {0: "near_duplicate_image"}


def test_what_is_held_out_stays_when_its_copy_in_training_goes():
    test = sample("a", encoded(picture(0).resize((48, 40))), split="test")
    assert reasons(sample("b", film(0)), test, sample("c", film(7), split="test")) == {0: "near_duplicate_image"}


def test_copies_in_one_study_stay_and_in_one_patient_where_no_study_is_known():
    assert reasons(sample("a", film(0), study="s"), sample("b", copy_of(0), study="s")) == {}
    assert reasons(sample("a", film(0), patient="p"), sample("b", copy_of(0), patient="p")) == {}


def test_copies_in_two_studies_of_a_patient_and_in_two_data_sets_go():
    one = sample("a", film(0), patient="p", study="s")
    assert len(reasons(one, sample("b", copy_of(0), patient="p", study="t"))) == 1
    assert len(reasons(one, sample("b", copy_of(0), patient="p", study="s", dataset="other"))) == 1


def test_a_short_question_about_different_images_is_no_duplicate():
    assert reasons(*[sample(str(seed), film(seed), words="Is there pneumonia?") for seed in range(4)]) == {}


def test_images_of_several_samples_count_in_their_order():
    one = sample("a", film(0), film(1))
    assert reasons(one, sample("b", film(1), film(0)), sample("c", film(0))) == {}
    assert len(reasons(one, sample("b", copy_of(0), film(1)))) == 1


def test_images_that_are_only_named_are_known_by_their_names():
    reference = Image(bytes=None, sha256="", width=0, height=0, path="a.png")
    assert reasons(sample("a", reference), sample("b", replace(reference, path="b.png"))) == {}
    assert list(reasons(sample("a", reference), sample("b", reference)).values()) == ["exact_duplicate"]
    assert reasons(sample("a", reference), sample("b", reference, dataset="other")) == {}
    nameless = replace(reference, path="")
    assert reasons(sample("a", nameless), sample("b", nameless)) == {}


def test_images_of_one_grey_level_are_not_compared_by_look():
    flat = [encoded(PIL.Image.fromarray(np.full((80, 96), level, np.uint8))) for level in (10, 11)]
    assert reasons(sample("a", flat[0]), sample("b", flat[1])) == {}


def test_texts_without_images_that_say_nearly_the_same_go():
    equal, traditional = sample("b", words=REPORT.upper()), sample("c", words="肺部有結節")
    found = reasons(
        sample("a", words=REPORT), equal, sample("d", words=ALIKE), traditional, sample("e", words="肺部有结节")
    )
    assert sorted(found.values()) == ["near_duplicate_text"] * 3


def test_nearly_the_same_words_about_one_image_go_and_about_two_stay():
    one = sample("a", film(0), words=REPORT)
    assert list(reasons(one, sample("b", copy_of(0), words=ALIKE)).values()) == ["near_duplicate_text"]
    assert reasons(one, sample("b", film(1), words=ALIKE)) == {}


@pytest.mark.parametrize(("old", "new"), [("right", "left"), ("no pleural", "pleural"), ("nodule", "5 mm nodule")])
def test_a_side_a_negation_and_a_number_make_another_text(old: str, new: str):
    assert reasons(sample("a", words=REPORT), sample("b", words=REPORT.replace(old, new))) == {}


def test_variants_of_one_question_stay():
    turned = sample("b", film(0), words=ALIKE, variant=Variant(of="a", kind="paraphrase"))
    third = sample("c", film(0), words=ALIKE + " ", variant=Variant(of="z", kind="paraphrase"))
    assert reasons(sample("a", film(0), words=REPORT), turned) == {}
    assert len(reasons(sample("a", film(0), words=REPORT), third)) == 1


def test_the_least_similarity_counts():
    strict = Curation(near_texts=NearTexts(least_similarity=0.99))
    assert reasons(sample("a", words=REPORT), sample("b", words=ALIKE), settings=strict) == {}


def test_a_step_that_is_off_drops_nothing():
    copies = (sample("a", film(0)), sample("b", film(0)), sample("c", copy_of(0), words="What is shown ?"))
    off = Curation(exact_images=None, near_images=None, near_texts=None)
    assert reasons(*copies, settings=off) == {}


def test_no_samples_give_no_decision():
    found = decided()
    assert (found.rejected, found.splits, found.num_groups) == ({}, {}, 0)


def test_a_test_keeps_its_own_duplicates_and_takes_those_of_training_and_validation():
    held_out = [sample(id_, film(0), words=REPORT, split="test") for id_ in "ab"]
    others = [sample("c", film(0), words=REPORT, split="validation"), sample("d", film(0), words=REPORT)]
    assert reasons(*held_out, *others) == {2: "exact_duplicate", 3: "exact_duplicate"}
    texts = [sample(id_, words=words, split="test") for id_, words in (("a", REPORT), ("b", REPORT), ("c", ALIKE))]
    assert reasons(*texts) == {}
    assert reasons(*texts, sample("d", words=ALIKE)) == {3: "near_duplicate_text"}


def test_without_official_splits_a_test_has_no_duplicates_of_its_own():
    held_out = [sample(id_, film(0), split="test") for id_ in "ab"]
    assert len(reasons(*held_out, settings=Curation(splits=Splits(by="own")))) == 1


def test_one_answer_to_two_questions_is_no_duplicate():
    def asked(id_: str, question: str) -> Sample:
        answer = Message(role="assistant", content=(text_part(REPORT),))
        return replace(sample(id_), messages=(Message(role="user", content=(text_part(question),)), answer))

    assert reasons(asked("a", "What is cystitis?"), asked("b", "What is hydronephrosis?")) == {}
    assert len(reasons(asked("a", "What is cystitis?"), asked("b", "What  is CYSTITIS?"))) == 1
