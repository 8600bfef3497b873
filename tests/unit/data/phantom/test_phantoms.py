"""Every modality: facts equal the generator's truth, findings are balanced, and shortcuts fail."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from doctorsun.data.convert.facts import facts_of
from doctorsun.data.ontology.ontology import load_ontology
from doctorsun.data.phantom.canvas import SIZE_PX
from doctorsun.data.readers.phantom import DRAWERS, MODALITIES
from doctorsun.image.geometry import box_center

NUM_QUICK = 120
NUM_FULL = 600
ONTOLOGY = load_ontology()
_drawn = {}


def drawn(modality, number):
    """Phantoms of one modality, drawn once for all tests."""
    found = _drawn.setdefault(modality, [])
    found += [DRAWERS[modality](np.random.default_rng((31, k))) for k in range(len(found), number)]
    return found[:number]


@pytest.mark.parametrize("modality", MODALITIES)
def test_facts_equal_the_generators_truth(modality):
    for phantom in drawn(modality, NUM_QUICK):
        facts = {item.name: item for item in facts_of(phantom.image, ONTOLOGY).findings}
        assert set(facts) == {item.name for item in phantom.truth}
        for truth in phantom.truth:
            found = facts[truth.name]
            assert (found.present, found.side, found.zone, found.count, found.size_class) == (
                truth.present, truth.side, truth.zone, truth.count, truth.size_class,
            )  # fmt: skip


@pytest.mark.parametrize("modality", MODALITIES)
def test_images_have_the_ontologys_names_and_the_right_size(modality):
    image = drawn(modality, 1)[0].image
    assert image.picture.shape[:2] == (SIZE_PX, SIZE_PX)
    assert image.picture.dtype == np.uint8
    assert image.modality == modality
    assert image.anatomy in ONTOLOGY.organs
    assert image.department in ONTOLOGY.departments
    assert {item.label for item in image.objects} <= set(ONTOLOGY.findings)


@pytest.mark.parametrize("modality", MODALITIES)
def test_drawing_is_a_pure_function_of_the_seed(modality):
    again = DRAWERS[modality](np.random.default_rng((31, 0)))
    assert np.array_equal(again.image.picture, drawn(modality, 1)[0].image.picture)
    assert not np.array_equal(again.image.picture, drawn(modality, 2)[1].image.picture)


@pytest.mark.parametrize("modality", MODALITIES)
def test_findings_are_present_half_of_the_time_and_independent(modality):
    table = [
        [item.present for item in phantom.truth if item.name != "white_cell"] for phantom in drawn(modality, NUM_QUICK)
    ]
    present = np.array([row for row in table if len(row) == max(map(len, table))], dtype=float)
    if modality != "brain_mr":  # mass effect is drawn with a lesion only
        assert (np.abs(present.mean(axis=0) - 0.5) < 0.15).all()
        assert np.abs(np.corrcoef(present.T) - np.eye(present.shape[1])).max() < 0.3


def test_mass_effect_is_drawn_with_a_lesion_only_and_away_from_its_side():
    for phantom in drawn("brain_mr", NUM_QUICK):
        assert ("mass_effect" in phantom.image.labels) == phantom.image.labels["brain_lesion"]
    shown = [phantom.image.labels["mass_effect"] for phantom in drawn("brain_mr", NUM_QUICK) if len(phantom.truth) == 2]
    assert 0.35 < np.mean(shown) < 0.65


def test_the_disc_lies_nasally():
    for phantom in drawn("fundus", 30):
        boxes = {item.label: item.box_px for item in phantom.image.objects if item.label != "haemorrhage"}
        disc_right = box_center(boxes["optic_disc"])[0] > box_center(boxes["macula"])[0]
        assert disc_right == (phantom.image.attributes["laterality"] == "right")


def test_ratios_keep_clear_of_their_limits():
    for modality, name, finding, low, high in (
        ("chest_xray", "cardiothoracic_ratio", "cardiomegaly", 0.46, 0.56),
        ("fundus", "cup_to_disc_ratio", "cupping", 0.45, 0.72),
    ):
        for phantom in drawn(modality, 60):
            ratio, present = float(phantom.image.attributes[name]), phantom.image.labels[finding]
            assert ratio >= high if present else ratio <= low


def test_side_and_zone_of_nodules_are_uniform():
    truths = [
        item
        for phantom in drawn("chest_xray", NUM_QUICK)
        for item in phantom.truth
        if item.name == "nodule" and item.present
    ]
    sides, zones = [item.side for item in truths], [item.zone for item in truths]
    assert 0.35 < sides.count("left") / len(sides) < 0.65
    assert min(zones.count(zone) for zone in ("upper", "middle", "lower")) > 0.2 * len(zones)


def shortcut_features(image):
    """Mean and standard deviation of each channel, and the four corner pixels."""
    pixels = image.picture.astype(float).reshape(SIZE_PX, SIZE_PX, -1)
    corners = pixels[[0, 0, -1, -1], [0, -1, 0, -1]].ravel()
    return np.concatenate([pixels.mean(axis=(0, 1)), pixels.std(axis=(0, 1)), corners])


def shortcut_accuracy(modality, number):
    """Balanced accuracy per finding of a logistic regression on the shortcut features, five folds."""
    images = [phantom.image for phantom in drawn(modality, number)]
    features = np.stack([shortcut_features(image) for image in images])
    scores = {}
    for finding in sorted({name for image in images for name in image.labels if name != "white_cell"}):
        rows = [i for i, image in enumerate(images) if finding in image.labels]
        truth = np.array([images[i].labels[finding] for i in rows])
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
        scores[finding] = balanced_accuracy_score(truth, cross_val_predict(model, features[rows], truth, cv=5))
    return scores


@pytest.mark.parametrize("modality", MODALITIES)
def test_brightness_and_corners_do_not_tell_a_finding(modality):
    scores = shortcut_accuracy(modality, NUM_QUICK)
    assert max(scores.values()) < 0.65, scores


@pytest.mark.slow
@pytest.mark.parametrize("modality", MODALITIES)
def test_brightness_and_corners_do_not_tell_a_finding_on_many_images(modality):
    scores = shortcut_accuracy(modality, NUM_FULL)
    assert max(scores.values()) < 0.65, scores


def test_the_shortcut_measure_finds_a_shortcut():
    rng = np.random.default_rng(0)
    truth = rng.random(200) < 0.5
    features = rng.normal(size=(200, 6)) + truth[:, None] * 2
    model = make_pipeline(StandardScaler(), LogisticRegression())
    assert balanced_accuracy_score(truth, cross_val_predict(model, features, truth, cv=5)) > 0.9
