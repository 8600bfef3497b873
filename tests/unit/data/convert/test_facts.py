"""Facts come from labels, boxes and regions alone."""

import json

import numpy as np
import pytest

from doctorsun.data.convert.annotation import AnnotatedImage, AnnotatedObject
from doctorsun.data.convert.facts import facts_of, measured_facts
from doctorsun.data.ontology.ontology import load_ontology
from doctorsun.errors import DataError
from doctorsun.schema import ImageFacts, Source

RIGHT_LUNG = AnnotatedObject(label="right_lung", box_px=(10, 10, 40, 100))
LEFT_LUNG = AnnotatedObject(label="left_lung", box_px=(60, 10, 90, 100))


def nodule(x, y, side=6):
    return AnnotatedObject(label="nodule", box_px=(x, y, x + side, y + side))


def facts(labels, objects=(), spacing_mm=(2.0, 2.0)):
    image = AnnotatedImage(
        original_id="1", picture=np.zeros((110, 100), dtype=np.uint8), source=Source(dataset="own"), labels=labels,
        objects=tuple(objects), acquisition=ImageFacts(spacing_mm=spacing_mm), modality="chest_xray",
    )  # fmt: skip
    return facts_of(image, load_ontology())


@pytest.mark.parametrize(("x", "side"), [(12, "right"), (70, "left"), (38, "right")])
def test_side_is_the_patients_side_by_the_region_that_holds_the_box(x, side):
    assert facts({"nodule": True}, [RIGHT_LUNG, LEFT_LUNG, nodule(x, 50)]).findings[0].side == side


ZONES = [(11, "upper"), (34, "upper"), (40, "middle"), (66, "middle"), (70, "lower"), (93, "lower")]


@pytest.mark.parametrize(("y", "zone"), ZONES)
def test_zone_is_the_third_of_the_lung_that_holds_the_centre(y, zone):
    assert facts({"nodule": True}, [RIGHT_LUNG, nodule(20, y)]).findings[0].zone == zone


def test_several_boxes_give_count_both_sides_and_the_largest_size():
    found = facts({"nodule": True}, [RIGHT_LUNG, LEFT_LUNG, nodule(20, 50), nodule(70, 50, 10)]).findings[0]
    assert (found.count, found.side, found.zone, found.size_mm, found.boxes) == (2, "bilateral", "middle", 20.0, (2, 3))


def test_without_regions_or_outside_them_side_and_zone_stay_unknown():
    for objects in ([nodule(20, 50)], [LEFT_LUNG, nodule(20, 50)], []):
        found = facts({"nodule": True}, objects).findings[0]
        assert (found.side, found.zone) == ("", "")


def test_size_needs_a_spacing_and_a_limit():
    lesion = AnnotatedObject(label="liver_lesion", box_px=(0, 0, 16, 4))
    assert facts({"liver_lesion": True}, [lesion]).findings[0].size_class == "large"
    assert facts({"liver_lesion": True}, [lesion], spacing_mm=(2.0, 1.8)).findings[0].size_class == "small"
    unknown = facts({"liver_lesion": True}, [lesion], spacing_mm=None).findings[0]
    assert (unknown.size_mm, unknown.size_class) == (None, "")
    assert facts({"nodule": True}, [nodule(1, 1)]).findings[0].size_class == ""


def test_absent_findings_stay_and_unlisted_ones_are_not_made_up():
    found = facts({"nodule": False})
    assert [(item.name, item.present) for item in found.findings] == [("nodule", False)]
    assert found.present() == ()


def test_facts_are_written_as_json():
    assert json.loads(facts({"nodule": False}).as_json())["findings"][0]["name"] == "nodule"


@pytest.mark.parametrize("present", [True, False])
def test_a_label_that_the_ontology_lacks_is_refused(present):
    with pytest.raises(DataError, match="finding: got 'unheard_of'"):
        facts({"unheard_of": present})


def measured(labels, objects=(), **more):
    image = AnnotatedImage(
        original_id="1", picture=np.zeros((110, 100), dtype=np.uint8), source=Source(dataset="own"), labels=labels,
        objects=tuple(objects), **more,
    )  # fmt: skip
    return measured_facts(image, load_ontology())


def test_a_class_says_that_the_others_of_its_set_are_absent():
    found = measured({"mild_npdr": True})
    assert found.classes == {"diabetic_retinopathy_grade": "mild_npdr"}
    assert {item.name: item.present for item in found.findings} == {
        "mild_npdr": True, "no_dr": False, "moderate_npdr": False, "severe_npdr": False, "proliferative_dr": False,
    }  # fmt: skip


def test_a_data_set_that_tells_its_other_classes_has_no_further_ones():
    found = measured({"melanoma": False, "nevus": True})
    assert [item.name for item in found.findings] == ["melanoma", "nevus"]


def test_marked_objects_and_findings_that_may_stand_together_exclude_nothing():
    cell = AnnotatedObject(label="lymphocyte", box_px=(1, 1, 9, 9))
    assert measured({"lymphocyte": True}, [cell]).classes == {}
    assert [item.name for item in measured({"polyp": True}).findings] == ["polyp"]
    assert measured({"lymphocyte": True, "monocyte": True}).classes == {}


def test_measures_give_the_side_and_stand_in_the_json_where_there_are_any():
    tumour = AnnotatedObject(label="kidney_tumour", box_px=(1, 1, 9, 9))
    found = measured({"kidney_tumour": True}, [tumour], anatomy="abdomen", acquisition=ImageFacts(orientation="L\\P"))
    assert found.findings[0].side == "right"
    written = json.loads(found.as_json())["measures"][0]
    assert (written["side"], written["side_from"], written["place"]) == ("right", "orientation", "top_left")
    assert found.measure("kidney_tumour") is found.measures[0]
    assert found.measure("polyp") is None
    assert not {"classes", "measures"} & json.loads(facts({"nodule": False}).as_json()).keys()


@pytest.mark.parametrize(
    ("vocabulary", "absent"),
    [
        ({"nevus", "melanoma", "hair"}, {"melanoma"}),
        ({"nevus"}, {term.id for term in load_ontology().rivals("nevus")}),
        (set(), {term.id for term in load_ontology().rivals("nevus")}),
    ],
)
def test_a_class_excludes_those_that_the_data_set_uses(vocabulary, absent):
    image = AnnotatedImage(
        original_id="1", picture=np.zeros((9, 9), dtype=np.uint8), source=Source(dataset="own"),
        labels={"nevus": True}, vocabulary=frozenset(vocabulary),
    )  # fmt: skip
    known = measured_facts(image, load_ontology())
    assert {finding.name for finding in known.findings if not finding.present} == absent
