"""Real images and the defaults: none is refused but those that show nothing."""

from pathlib import Path

import pytest
from small_samples import encoded, shown

from doctorsun.config.curation import Curation
from doctorsun.data.curate.candidate import Candidate, Rejected
from doctorsun.data.curate.examine import ROW_STEPS
from doctorsun.image.picture import open_picture

STEPS = ("decodes", "smallest_side", "aspect", "constant_image", "blank_image")
PICTURES = {
    "bccd/**/*.jpg": ("blood_smear", 40),
    "vqa_rad/**/*.jpg": ("", 20),
    "covid_cxr_segmentations/**/*.jp*g": ("chest_xray", 4),
    "isic_uda1/*.jpg": ("dermoscopy", 6),
    "kvasir_seg_sample/**/images/*.jpg": ("colonoscopy", 1),
    "openstax_anatomy/**/*.jpg": ("", 4),
}


def refused(candidate: Candidate) -> list[str]:
    settings = Curation()
    found = [step(candidate, getattr(settings, name)) for name, step in ROW_STEPS if name in STEPS]
    return [each.reason for each in found if isinstance(each, Rejected)]


@pytest.mark.parametrize("pattern", PICTURES)
def test_pictures_of_published_sets_pass(pattern: str, test_data: Path) -> None:
    modality, every = PICTURES[pattern]
    paths = sorted(test_data.glob(pattern))[::every]
    assert len(paths) >= 5
    assert {path.name: refused(shown(path.read_bytes(), modality=modality)) for path in paths} == {
        path.name: [] for path in paths
    }


@pytest.mark.parametrize(("frame", "reasons"), [(0, ["blank"]), (1, [])])
def test_an_ultrasound_frame_whose_probe_touches_nobody_is_blank(
    frame: int, reasons: list[str], test_data: Path
) -> None:
    [path] = test_data.glob("dicom_pydicom_data/**/OBXXXX1A_rle_2frame.dcm")
    pixels = open_picture(path, frame=frame).picture
    assert refused(shown(encoded(pixels), modality="ultrasound")) == reasons
