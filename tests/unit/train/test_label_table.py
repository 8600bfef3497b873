import numpy as np
import pytest

from doctorsun.errors import RecipeError
from doctorsun.train.label_table import Label, LabelTable, patch_shares
from small_model import facts

KNOWN = (
    facts(side="left"),
    facts(side="right", attributes={"laterality": "left"}),
    facts(present=False, attributes={"laterality": "right"}),
    facts(side="bilateral", name="effusion"),
)
NODULE, SIDE_LEFT, SIDE_RIGHT = Label("nodule", "True"), Label("nodule.side", "left"), Label("nodule.side", "right")


def test_labels_are_the_values_that_vary() -> None:
    table = LabelTable.of([*KNOWN, facts(side="left", modality="brain_mr")])
    # What is always so (effusion, and its side) teaches nothing; of two values one label says all.
    assert table.labels == (
        Label("laterality", "right"),
        Label("modality", "chest_xray"),
        NODULE,
        SIDE_RIGHT,
    )


def test_a_question_with_three_values_has_three_labels() -> None:
    table = LabelTable.of([facts(side=side) for side in ("left", "right", "bilateral")])
    assert table.labels == (Label("nodule.side", "bilateral"), SIDE_LEFT, SIDE_RIGHT)


def test_what_facts_do_not_tell_is_unknown() -> None:
    table = LabelTable((NODULE, SIDE_LEFT, Label("effusion", "True")))
    encoded = np.stack([table.encode(facts(side="left")), table.encode(facts(side="right"))])
    np.testing.assert_array_equal(encoded, [[1, 1, np.nan], [1, 0, np.nan]])
    # The side of a finding that is absent is no fact.
    np.testing.assert_array_equal(table.encode(facts(side="left", present=False)), [0, np.nan, np.nan])


@pytest.mark.parametrize("texts", [[], [""], [facts(), facts()]])
def test_facts_that_are_all_alike_are_refused(texts: list[str]) -> None:
    with pytest.raises(RecipeError, match="finds nothing to learn"):
        LabelTable.of(texts)


def test_findings_with_boxes_are_those_that_have_some_somewhere() -> None:
    texts = [facts(boxes=(0,)), facts(present=False), facts(name="effusion"), facts(name="effusion", present=False)]
    assert LabelTable.of(texts).boxed_findings == ("nodule",)


def test_a_small_box_counts_by_its_own_parts_and_a_large_one_by_the_patches_that_it_fills() -> None:
    small = patch_shares((450.0, 0.0, 550.0, 100.0), 2)
    np.testing.assert_allclose(small, [0.5, 0.5, 0, 0])
    large = patch_shares((0.0, 0.0, 1000.0, 750.0), 2)
    np.testing.assert_allclose(large, [1, 1, 0.5, 0.5])


def test_a_box_that_was_cropped_away_marks_no_patch() -> None:
    np.testing.assert_array_equal(patch_shares((1000.0, 200.0, 1000.0, 300.0), 2), np.zeros(4))


def test_each_patch_takes_the_box_that_fills_it_most() -> None:
    table = LabelTable((NODULE,), ("nodule", "effusion"))
    boxes = (("nodule", (0.0, 0.0, 500.0, 500.0)), ("nodule", (0.0, 0.0, 1000.0, 250.0)))
    encoded = table.encode_patches(facts(boxes=(0, 1)), boxes, 2)
    np.testing.assert_allclose(encoded, [[1, 0.5, 0, 0], [np.nan] * 4])
