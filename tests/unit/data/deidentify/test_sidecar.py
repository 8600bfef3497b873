"""Sidecars with what is known to be safe."""

import json

import pytest
from planted_bytes import KEY, MARK, OPTIONS, survivors

from doctorsun.data.deidentify.refusal import Refusal
from doctorsun.data.deidentify.sidecar import deidentify_sidecar, is_sidecar

SAFE = {
    "EchoTime": 0.03,
    "SliceTiming": [0, 0.5, 1.0],
    "Manufacturer": "Siemens",
    "ImageType": ["ORIGINAL", "PRIMARY", "M"],
    "PatientPosition": "HFS",
    "ShimSetting": [[1, 2], [3]],
    "SkullStripped": True,
}
PLANTED = {
    "PatientName": MARK,
    "PatientID": MARK,
    "AcquisitionDateTime": "2020-01-02T03:04:05",
    "InstitutionName": MARK,
    "DeviceSerialNumber": 12345,
    "SeriesDescription": MARK,
    "FlipAngle": MARK,
    "RepetitionTime": {"x": MARK},
    "ScanningSequence": MARK,
    "SequenceVariant": ["SK", MARK],
    "RawImage": 1,
    "EchoTrainLength": 13912345678,
    "FrameTimesStart": [0, [1, -19730504]],
    MARK: 1,
    "global": {"const": {"PatientName": MARK}},
}


def test_only_known_keys_with_values_of_their_kind_stay(tmp_path):
    path, out = tmp_path / "a.json", tmp_path / "out.json"
    path.write_text(json.dumps(SAFE | PLANTED))
    assert is_sidecar(path)
    actions = deidentify_sidecar(path, out, KEY, OPTIONS)
    assert json.loads(out.read_text()) == SAFE
    assert not survivors(out)
    assert len(actions) == len(PLANTED)
    assert not any(MARK in action.where for action in actions)


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 100_000])
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    assert not is_sidecar(path)
    with pytest.raises(Refusal, match="no sidecar"):
        deidentify_sidecar(path, tmp_path / "out.json", KEY, OPTIONS)


def test_json_without_such_keys_is_no_sidecar(tmp_path):
    (tmp_path / "a.json").write_text('{"Name": "x"}')
    assert not is_sidecar(tmp_path / "a.json")
