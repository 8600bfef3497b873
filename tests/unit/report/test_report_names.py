import pytest

from doctorsun.report.names import metric_name, readable


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


def test_a_metric_is_called_by_what_its_protocol_means() -> None:
    named = [metric_name(protocol, "f1", "en") for protocol in ("open_tokens@1", "report_findings@1")]
    assert named == ["token F1", "F1 of findings"]
    assert metric_name("their@2", "new_metric", "zh") == "new metric"
