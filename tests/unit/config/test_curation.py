from pathlib import Path

import pytest

from doctorsun.config.curation import Curation
from doctorsun.config.load import load_section
from doctorsun.errors import RecipeError

EXAMPLE = Path(__file__).parents[3] / "examples/curation.yaml"


def test_the_example_lists_every_setting_with_its_default() -> None:
    page, document = load_section(EXAMPLE, Curation)
    assert page == Curation()
    assert document.plain() == Curation().model_dump(mode="json")
    assert list(document.plain()) == list(Curation.model_fields)


def test_null_takes_a_step_out_and_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "steps.yaml"
    path.write_text("near_images: null\nsplits: {validation: 0.1}\n")
    page, _ = load_section(path, Curation)
    assert page.near_images is None
    assert page.splits is not None
    assert (page.splits.validation, page.splits.test) == (0.1, 0.05)
    assert page.licences == Curation().licences


def test_a_wrong_step_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "steps.yaml"
    path.write_text("aspect: {most: 4}\nnear_text: {}\n")
    with pytest.raises(RecipeError, match=r"steps.yaml:2:1: near_text: unknown key: .*'near_texts'"):
        load_section(path, Curation)
