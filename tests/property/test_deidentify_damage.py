"""Whatever bytes of a DICOM file are damaged, it is either refused or written without what was planted in it."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file

from doctorsun.data.deidentify.dicom import deidentify_dicom
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options
from doctorsun.data.deidentify.refusal import Refusal
from planted_dicom import Markers, plant

HEADER = (132, 9000)
BYTES = st.lists(st.tuples(st.integers(*HEADER), st.integers(0, 255)), min_size=1, max_size=10)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    folder, markers = tmp_path_factory.mktemp("planted"), Markers()
    plant(Path(get_testdata_file("CT_small.dcm")), folder / "old.dcm", markers)
    return folder, markers, (folder / "old.dcm").read_bytes()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BYTES)
def test_a_damaged_file_is_refused_or_clean(planted, changes):
    folder, markers, content = planted
    damaged = bytearray(content)
    for place, value in changes:
        damaged[place] = value
    (folder / "damaged.dcm").write_bytes(damaged)
    (folder / "new.dcm").unlink(missing_ok=True)
    with suppress(Refusal):
        deidentify_dicom(folder / "damaged.dcm", folder / "new.dcm", Key(b"k" * 32), Options(read_pixels=False))
    written = (folder / "new.dcm").read_bytes() if (folder / "new.dcm").exists() else b""
    assert markers.found_in(written) == []
