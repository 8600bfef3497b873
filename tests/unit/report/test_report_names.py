import pytest

from doctorsun.report.names import readable


@pytest.mark.parametrize(
    ("name", "en", "zh"),
    [
        ("presence:nodule", "presence · pulmonary nodule", "有无 · 肺结节"),
        ("modality", "modality", "成像方式"),
        ("chest_xray", "chest radiograph", "胸部X线片"),
        ("unknown_thing", "unknown thing", "unknown thing"),
        ("", "", ""),
    ],
)
def test_names_are_readable_in_both_languages(name: str, en: str, zh: str) -> None:
    assert (readable(name, "en"), readable(name, "zh")) == (en, zh)
