"""Measures of marks, against independent computations with numpy and scipy, and sides against DICOM orientation."""

import numpy as np
import pytest
from scipy import ndimage

from doctorsun.data.convert.annotation import AnnotatedImage, AnnotatedObject
from doctorsun.data.convert.measures import half_of, measures_of, place_of
from doctorsun.data.ontology.ontology import load_ontology
from doctorsun.errors import DataError
from doctorsun.image.geometry import box_of_mask
from doctorsun.schema import Image, ImageFacts, Source

ONTOLOGY = load_ontology()
HEIGHT, WIDTH = 60, 90


def measured(*objects, anatomy="", **acquisition):
    image = AnnotatedImage(
        original_id="1", picture=np.zeros((HEIGHT, WIDTH), dtype=np.uint8), source=Source(dataset="own"),
        objects=objects, acquisition=ImageFacts(**acquisition), anatomy=anatomy,
    )  # fmt: skip
    return {measure.name: measure for measure in measures_of(image, ONTOLOGY)}


def boxed(label, x0, y0, x1, y1, **more):
    return AnnotatedObject(label=label, box_px=(x0, y0, x1, y1), **more)


def outlined(label, mask, **more):
    return AnnotatedObject(label=label, box_px=box_of_mask(mask), mask=mask, **more)


def blob(seed, threshold=0.62):
    noise = np.random.default_rng(seed).random((HEIGHT, WIDTH))
    smooth = ndimage.uniform_filter(noise, 9)
    return smooth > np.quantile(smooth, threshold)


@pytest.mark.parametrize("seed", range(4))
def test_areas_are_those_of_the_union_of_the_masks(seed):
    first, second = blob(seed), blob(seed + 50)
    found = measured(outlined("polyp", first), outlined("polyp", second), spacing_mm=(0.5, 0.25))["polyp"]
    pixels = ndimage.sum_labels((first | second).astype(int))
    assert (found.boxes, found.outlined) == ((0, 1), True)
    assert found.area_share == pytest.approx(pixels / (HEIGHT * WIDTH), abs=5e-5)
    assert found.area_mm2 == pytest.approx(pixels * 0.125, abs=0.051)
    rows, columns = ndimage.find_objects(first.astype(int))[0]
    height_mm, width_mm = (rows.stop - rows.start) * 0.5, (columns.stop - columns.start) * 0.25
    assert found.size_mm >= max(height_mm, width_mm) - 0.05


def test_boxes_alone_cover_their_pixels_once_and_have_no_area_in_millimetres():
    found = measured(boxed("polyp", 0, 0, 30, 20), boxed("polyp", 20, 10, 40, 30), spacing_mm=(1.0, 2.0))["polyp"]
    assert found.area_share == round((600 + 400 - 100) / (HEIGHT * WIDTH), 4)
    assert (found.outlined, found.area_mm2, found.size_mm) == (False, None, 60.0)


def test_a_box_that_leaves_the_picture_covers_what_is_inside():
    assert measured(boxed("polyp", -10, -10, 9, 6))["polyp"].area_share == round(54 / (HEIGHT * WIDTH), 4)


def test_without_a_spacing_there_are_no_millimetres():
    found = measured(outlined("polyp", blob(1)))["polyp"]
    assert (found.size_mm, found.area_mm2) == (None, None)


def test_the_size_of_a_picture_file_is_its_own():
    picture = Image(bytes=b"", sha256="", width=200, height=100)
    image = AnnotatedImage(
        original_id="1", picture=picture, source=Source(dataset="own"), objects=(boxed("polyp", 0, 0, 20, 10),)
    )
    assert measures_of(image, ONTOLOGY)[0].area_share == 0.01


@pytest.mark.parametrize("seed", range(3))
def test_the_ninth_is_that_of_the_centre(seed):
    names = np.array([
        ["top_left", "top", "top_right"],
        ["middle_left", "centre", "middle_right"],
        ["bottom_left", "bottom", "bottom_right"],
    ])  # fmt: skip
    for x, y in np.random.default_rng(seed).integers((0, 0), (WIDTH, HEIGHT), (40, 2)):
        expected = names[np.searchsorted([20, 40], y, side="right"), np.searchsorted([30, 60], x, side="right")]
        assert place_of((x - 2, y - 2, x + 2, y + 2), (HEIGHT, WIDTH)) == expected


def test_marks_in_several_ninths_have_no_common_place():
    assert measured(boxed("polyp", 0, 0, 9, 9), boxed("polyp", 80, 0, 89, 9))["polyp"].place == ""


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        (((25, 40, 35, 50),), "centre"),
        (((5, 5, 55, 25), (5, 65, 55, 85)), ""),
        (((5, 5, 55, 25), (5, 65, 55, 85), (20, 30, 40, 60)), "centre"),
        (((0, 0, 60, 90),), "centre"),
    ],
    ids=["one", "on both sides", "mostly between", "all"],
)
def test_an_outline_that_is_mostly_elsewhere_is_not_in_the_ninth_of_its_centre(parts, place):
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.bool_)
    for y0, x0, y1, x1 in parts:
        mask[y0:y1, x0:x1] = True
    assert measured(outlined("polyp", mask))["polyp"].place == place


@pytest.mark.parametrize(
    ("box", "half"),
    [
        ((0, 0, 40, 9), "left"),
        ((0, 0, 41, 9), ""),
        ((50, 0, 90, 9), "right"),
        ((49, 0, 90, 9), ""),
        ((30, 0, 60, 9), ""),
    ],
)
def test_a_half_holds_the_whole_box_clear_of_the_middle(box, half):
    assert half_of(box, (HEIGHT, WIDTH)) == half


LEFT_OF_PICTURE, RIGHT_OF_PICTURE = (5, 5, 15, 15), (70, 5, 80, 15)


@pytest.mark.parametrize(
    ("orientation", "side"),
    [("L\\P", "right"), ("R\\A", "left"), ("L\\F", "right"), ("R\\F", "left"), ("A\\F", ""), ("", ""), ("x", "")],
)
def test_the_patients_side_follows_the_orientation_of_the_image(orientation, side):
    found = measured(boxed("kidney_tumour", *LEFT_OF_PICTURE), anatomy="abdomen", orientation=orientation)[
        "kidney_tumour"
    ]
    assert (found.half, found.side) == ("left", side)
    assert found.side_from == ("orientation" if side else "")
    mirrored = measured(boxed("kidney_tumour", *RIGHT_OF_PICTURE), anatomy="abdomen", orientation=orientation)
    assert mirrored["kidney_tumour"].side == {"right": "left", "left": "right", "": ""}[side]


def test_the_orientation_tells_nothing_near_the_middle_or_where_one_side_of_the_body_is_shown():
    assert measured(boxed("lesion", 40, 5, 50, 15), anatomy="abdomen", orientation="L\\P")["lesion"].side == ""
    for anatomy in ("knee", "breast", ""):
        assert measured(boxed("lesion", *LEFT_OF_PICTURE), anatomy=anatomy, orientation="L\\P")["lesion"].side == ""


def test_marks_on_both_sides_are_bilateral_and_one_unknown_mark_leaves_the_side_unknown():
    both = (boxed("lesion", *LEFT_OF_PICTURE), boxed("lesion", *RIGHT_OF_PICTURE))
    assert measured(*both, anatomy="chest", orientation="L\\F")["lesion"].side == "bilateral"
    assert measured(*both, boxed("lesion", 40, 5, 50, 15), anatomy="chest", orientation="L\\F")["lesion"].side == ""


def test_the_labels_own_side_goes_first():
    found = measured(boxed("left_kidney", *LEFT_OF_PICTURE), anatomy="abdomen", orientation="L\\P")["left_kidney"]
    assert (found.side, found.side_from) == ("left", "label")


def test_a_region_of_the_same_organ_tells_the_side_before_the_orientation():
    lungs = (boxed("right_lung", 2, 2, 40, 58), boxed("left_lung", 45, 2, 88, 58))
    found = measured(*lungs, boxed("ground_glass", 10, 10, 20, 20), anatomy="chest", orientation="R\\F")
    assert (found["ground_glass"].side, found["ground_glass"].side_from) == ("right", "region")
    assert measured(*lungs, boxed("ground_glass", 32, 10, 54, 20))["ground_glass"].side == ""
    assert measured(*lungs, boxed("polyp", 10, 10, 20, 20))["polyp"].side == ""


def test_masks_tell_the_side_where_boxes_overlap():
    columns = np.arange(WIDTH)[None, :] + np.zeros((HEIGHT, 1), dtype=int)
    rows = np.arange(HEIGHT)[:, None]
    right, left = columns < rows + 15, columns >= rows + 15
    opacity = (rows > 40) & (columns > 30) & (columns < 45)
    found = measured(outlined("right_lung", right), outlined("left_lung", left), outlined("ground_glass", opacity))
    inside = np.count_nonzero(opacity & right) / np.count_nonzero(opacity)
    assert inside == 1.0
    assert found["ground_glass"].side == "right"


def test_slices_are_the_first_and_the_last_of_all_marks():
    found = measured(boxed("polyp", 0, 0, 9, 9, slices=(4, 9)), boxed("polyp", 0, 0, 9, 9, slices=(2, 5)))["polyp"]
    assert found.slices == (2, 9)
    assert measured(boxed("polyp", 0, 0, 9, 9))["polyp"].slices is None


def test_a_label_that_the_ontology_lacks_is_refused():
    with pytest.raises(DataError, match="finding: got 'unheard_of'"):
        measured(boxed("unheard_of", 0, 0, 9, 9))


@pytest.mark.parametrize(
    ("columns", "side"),
    [
        ((20, 40), "right"),
        ((50, 70), "left"),
        ((20, 70), "bilateral"),
        ((8, 55), "bilateral"),
        ((11, 53), ""),
        ((34, 56), ""),
    ],
    ids=["right", "left", "both", "mostly right", "a little in the left", "mostly between"],
)
def test_an_outline_in_both_lungs_is_bilateral_and_a_box_over_both_is_not_known(columns, side):
    left, right, opacity = (np.zeros((HEIGHT, WIDTH), dtype=np.bool_) for _ in range(3))
    right[:, :40], left[:, 50:], opacity[20:30, slice(*columns)] = True, True, True
    lungs = (outlined("right_lung", right), outlined("left_lung", left))
    assert measured(*lungs, outlined("ground_glass", opacity))["ground_glass"].side == side
    assert measured(*lungs, boxed("ground_glass", 20, 20, 70, 30))["ground_glass"].side == ""
