"""Image controls: what is shown in place of the image."""

from collections import Counter

import numpy as np
import pytest
from PIL.Image import Resampling

from doctorsun.errors import DataError, RecipeError
from doctorsun.eval.controls import blank_image, controlled, donors_among, image_controls, noise_image
from doctorsun.image.raster import decode
from doctorsun.schema import Groups, Image


def test_real_is_the_sample_itself(make_sample):
    sample = make_sample(1)

    assert controlled(sample, "real", donors_among([sample])) is sample


def test_blank_is_mid_grey_of_the_same_size(make_image):
    pixels = np.asarray(decode(blank_image(make_image(9, width=7, height=4)).bytes))

    assert pixels.shape == (4, 7)
    assert np.unique(pixels).tolist() == [128]


def test_noise_is_of_the_same_size_and_follows_the_image(make_image):
    image = make_image(9, width=40, height=30)

    noise = noise_image(image)

    assert np.asarray(decode(noise.bytes)).shape == (30, 40)
    assert np.asarray(decode(noise.bytes)).std() > 60
    assert noise == noise_image(image)
    assert noise.sha256 != noise_image(make_image(8, width=40, height=30)).sha256


def test_noise_stays_noise_where_the_image_is_made_small(make_image):
    noise = decode(noise_image(make_image(9, width=1024, height=768)).bytes)

    assert np.asarray(noise.resize((56, 56), Resampling.BICUBIC)).std() > 50


@pytest.mark.parametrize("control", ["blank", "noise"])
def test_the_question_stays(make_sample, control):
    sample = make_sample(1)

    shown = controlled(sample, control, donors_among([]))

    assert shown.messages == sample.messages
    assert shown.images[0].sha256 != sample.images[0].sha256


def test_shuffled_comes_from_another_patient_of_the_same_modality(make_sample):
    samples = [
        make_sample(number, patient=f"patient-{number // 2}", modality="xray" if number < 12 else "ct")
        for number in range(20)
    ]
    by_image = {sample.images[0].sha256: sample for sample in samples}
    donors = donors_among(samples)

    shown = [by_image[controlled(sample, "shuffled", donors).images[0].sha256] for sample in samples]

    assert all(donor.modality == sample.modality for donor, sample in zip(shown, samples, strict=True))
    assert all(donor.groups.patient != sample.groups.patient for donor, sample in zip(shown, samples, strict=True))
    assert set(Counter(donor.id for donor in shown).values()) == {1}


def test_questions_on_one_image_get_the_same_other_image(make_sample, make_image):
    image = make_image(1)
    twins = [make_sample(number, image=image, patient="one") for number in (1, 2)]
    donors = donors_among([*twins, make_sample(3), make_sample(4)])

    shown = {controlled(sample, "shuffled", donors).images[0].sha256 for sample in twins}

    assert len(shown) == 1
    assert image.sha256 not in shown


def test_pairing_does_not_depend_on_the_order_of_samples(make_sample):
    samples = [make_sample(number) for number in range(6)]

    assert donors_among(samples) == donors_among(samples[::-1])


def test_the_same_file_under_another_patient_is_no_other_image(make_sample, make_image):
    image = make_image(1)
    samples = [make_sample(number, image=image) for number in (1, 2)]

    with pytest.raises(DataError, match=r"control shuffled of sample sample-1: got no other patient with 1 image"):
        controlled(samples[0], "shuffled", donors_among(samples))


@pytest.mark.parametrize("modality", ["xray", ""])
def test_a_lone_patient_and_an_unknown_modality_are_not_shuffled(make_sample, modality):
    samples = [make_sample(1, modality=modality), make_sample(2, modality=modality and "ct")]

    with pytest.raises(DataError, match=f"of modality '{modality}'"):
        controlled(samples[0], "shuffled", donors_among(samples))


def test_where_no_patient_is_named_the_image_stands_for_one(make_sample):
    samples = [make_sample(number, groups=Groups()) for number in (1, 2)]

    shown = controlled(samples[0], "shuffled", donors_among(samples))

    assert shown.images == samples[1].images


def test_a_question_without_an_image_has_no_control(make_sample):
    sample = make_sample(1, image=None)

    with pytest.raises(DataError, match="control blank of sample sample-1: got a question without an image"):
        controlled(sample, "blank", donors_among([sample]))


def test_none_asks_without_image_and_mark(make_sample):
    shown = controlled(make_sample(1), "none", donors_among([]))

    assert (shown.images, shown.messages[0].num_images, shown.messages[0].text) == ((), 0, "Is there a nodule?")


def test_a_question_without_an_image_has_none_to_take_away(make_sample):
    with pytest.raises(DataError, match="control none of sample sample-1: got a question without an image"):
        controlled(make_sample(1, image=None), "none", donors_among([]))


@pytest.mark.parametrize("control", ["real", "blank", "noise", "shuffled"])
def test_an_image_that_is_not_here_is_never_replaced(make_sample, control):
    gone = make_sample(1, image=Image(bytes=None, sha256="", width=0, height=0, path="xmlab1/source.jpg"))

    with pytest.raises(DataError, match=r"images of sample sample-1: got no file for xmlab1/source\.jpg"):
        controlled(gone, control, donors_among([gone, make_sample(2)]))

    assert controlled(gone, "none", donors_among([])).images == ()


def test_controls_are_named_in_a_list_and_asked_in_one_order():
    assert image_controls("shuffled, real,blank") == ("real", "blank", "shuffled")
    for wrong in ("", "real,black"):
        with pytest.raises(RecipeError, match=r"image: got .*, expected some of real, blank, noise, shuffled, none"):
            image_controls(wrong)
