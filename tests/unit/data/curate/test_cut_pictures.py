"""A picture and its crop: no duplicates, but on one side of the split, and never compared within a study."""

import pytest

from curation_samples import Looked, copy_of, encoded, film, picture, sample, sketches_of
from doctorsun.config.curation import Curation
from doctorsun.data.curate.cut_pictures import with_cut_pictures
from doctorsun.data.curate.global_steps import Decision, decide_rows
from doctorsun.data.curate.image_prints import ImagePrints
from doctorsun.data.curate.near_pictures import NO_PAIRS
from doctorsun.data.curate.preference import Preference
from doctorsun.data.curate.shown_images import ShownImages
from doctorsun.data.curate.studies import Studies
from doctorsun.schema import Image, Sample

WIDTH, HEIGHT = picture(0).size


def cropped(left: float, top: float, right: float, bottom: float, seed: int = 0) -> Image:
    """Return a film in its size without these shares of its sides."""
    box = round(WIDTH * left), round(HEIGHT * top), round(WIDTH * (1 - right)), round(HEIGHT * (1 - bottom))
    return encoded(picture(seed).crop(box).resize((WIDTH, HEIGHT)))


def decided(*samples: Sample, curation: Curation | None = None) -> Decision:
    return decide_rows(sketches_of(samples), curation or Curation(), Looked(samples))


def looked_at(*samples: Sample) -> tuple[set[tuple[int, int]], set[int]]:
    """Return the pairs that are found, and the places of the samples whose pictures were read again."""
    sketches, looks, seen = sketches_of(samples), Looked(samples), set[int]()

    def picture_of(place: int, number: int) -> bytes | None:
        seen.add(place)
        return looks.picture(place, number)

    shown, ranks = ShownImages.of(sketches), Preference.of(sketches, keeps_official=True).ranks
    prints, studies = ImagePrints.of(sketches, shown, ranks), Studies.of(sketches, shown)
    found = with_cut_pictures(sketches, NO_PAIRS, prints=prints, studies=studies, most_bits=24, picture_of=picture_of)
    return found.as_set(), seen


@pytest.mark.parametrize(
    "crop",
    [(0.05,) * 4, (0.1,) * 4, (0.15,) * 4, (0.2,) * 4, (0, 0, 0.1, 0), (0, 0.07, 0, 0), (0, 0, 0, 0.1)],
    ids=["5%", "10%", "15%", "20%", "right", "top", "bottom"],
)
def test_a_crop_shares_the_group_of_its_picture_and_both_stay(crop: tuple[float, float, float, float]):
    found = decided(sample("a", cropped(*crop)), sample("b", film(0)), sample("c", film(1)))
    assert found.rejected == {}
    assert (found.num_groups, found.largest_group) == (2, 2)


def test_a_crop_of_a_picture_that_is_held_out_leaves_the_training():
    crop, copy = sample("a", cropped(0.05, 0.05, 0.05, 0.05)), sample("b", copy_of(0), words="Which organ?")
    held_out = sample("c", film(0), split="validation", words="Which side?")
    found = decided(crop, copy, held_out, sample("d", film(1)))
    assert {place: why.reason for place, why in found.rejected.items()} == {0: "in_test_group", 1: "in_test_group"}
    assert found.splits == {2: "validation", 3: "train"}


def test_pictures_of_one_study_are_not_looked_at():
    crop = cropped(0.05, 0.05, 0.05, 0.05)
    assert looked_at(sample("a", film(0), study="s"), sample("b", crop, study="s")) == (set(), set())
    assert looked_at(sample("a", film(0), patient="p"), sample("b", crop, patient="p")) == (set(), set())
    assert looked_at(sample("a", film(0), study="s"), sample("b", crop, study="t")) == ({(0, 1)}, {0, 1})


def test_other_pictures_are_not_joined():
    assert looked_at(*[sample(f"{seed}", film(seed)) for seed in range(6)])[0] == set()


def test_with_near_images_off_pictures_are_not_compared():
    pair = (sample("a", cropped(0.05, 0.05, 0.05, 0.05)), sample("b", film(0)))
    assert decided(*pair, curation=Curation(near_images=None)).num_groups == 2
