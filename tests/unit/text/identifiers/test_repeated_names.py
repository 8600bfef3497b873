"""Names that were found once, wherever they stand again."""

import pytest

from doctorsun.text.identifiers.find import names_in
from doctorsun.text.identifiers.mask import mask_identifiers


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("患者张伟，男。张伟今日好转，嘱张伟多饮水", "患者[姓名]，男。[姓名]今日好转，嘱[姓名]多饮水"),
        ("姓名：阿依古丽·买买提。与阿依古丽·买买提交代病情", "姓名：[姓名]。与[姓名]交代病情"),
        ("Patient: Mark Nowak. Nowak was stable, Nowak's CT.", "Patient: [NAME]. [NAME] was stable, [NAME]'s CT."),
        ("Patient: Nowak, Anna. NOWAK fell; Nowak rose.", "Patient: [NAME]. NOWAK fell; [NAME] rose."),
        ("Mr. Nowak came. Nowak smokes.", "Mr. [NAME] came. [NAME] smokes."),
        ("患者张伟医生，<ref>张伟</ref>", "患者[姓名]医生，<ref>[姓名]</ref>"),
        (
            "患者张伟，男。张\u200b伟好转；患者王\u200b芳，女。王芳好转",
            "患者[姓名]，男。[姓名]好转；患者[姓名]，女。[姓名]好转",
        ),
        ("<ref>患者张伟</ref><box>[[1, 2, 3, 4]]</box>", "<ref>患者[姓名]</ref><box>[[1, 2, 3, 4]]</box>"),
    ],
)
def test_a_name_that_is_found_once_is_masked_everywhere(text, masked):
    assert mask_identifiers(text).text == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Mr. Young came. Young patients recover.", "Mr. [NAME] came. Young patients recover."),
        (
            "Dr. Smith came; Smith fracture, Smith's disease, Smithson",
            "Dr. [NAME] came; Smith fracture, Smith's disease, Smithson",
        ),
        ("张医生说张口困难，高主任说高血压", "[姓名]医生说张口困难，[姓名]主任说高血压"),
        ("Her son Mark walks. Mark the lesion.", "Her son [NAME] walks. Mark the lesion."),
    ],
)
def test_words_that_look_like_a_name_that_was_found_stay(text, masked):
    assert mask_identifiers(text).text == masked


def test_names_of_other_texts_are_masked():
    names = names_in(["患者张\u200b伟，男。", "Mr. Nowak came."])
    assert names == {"张伟", "Nowak"}
    assert mask_identifiers("张伟好转，Nowak too", "zh", names).text == "[姓名]好转，[姓名] too"
