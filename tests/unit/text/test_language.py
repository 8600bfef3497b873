"""Scripts of texts."""

import pytest

from doctorsun.text.language import has_han, script_of


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Is there a nodule?", "en"),
        ("左肺可见结节。", "zh"),
        ("CT显示右肺结节", "zh"),
        ("MRI T2加权像", "zh"),
        ("结节 nodule", "mixed"),
        ("The herb 黄芪 was taken daily for several weeks", "en"),
        ("", "en"),
        ("12.5", "en"),
    ],
)
def test_script(text, script):
    assert script_of(text) == script


def test_has_han():
    assert has_han("a肺")
    assert not has_han("lung")
