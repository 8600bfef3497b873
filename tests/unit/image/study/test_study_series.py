import re

import pytest

from doctorsun.errors import ImageError
from doctorsun.image.intensity import CT_WINDOWS, Window
from doctorsun.image.study.series import NamedWindow, Series, Source, presets

GREY = Series(
    kind="dicom",
    num_slices=3,
    width=4,
    height=5,
    windows=(NamedWindow("file", 10, 20), *presets(), NamedWindow("full", 100, 200)),
    default_window="file",
    source=Source(("files/000001",)),
)
COLOUR = Series(kind="picture", width=4, height=5, source=Source(("files/000001",)))


@pytest.mark.parametrize(
    ("name", "window"),
    [
        ("", None),
        ("file", None),
        ("lung", CT_WINDOWS["lung"]),
        ("soft_tissue", CT_WINDOWS["soft_tissue"]),
        ("full", Window(100, 200, "LINEAR_EXACT")),
        ("-600,1500", Window(-600, 1500)),
        ("0.5,1", Window(0.5, 1)),
        ("0.25,0.5", Window(0.25, 0.5, "LINEAR_EXACT")),
    ],
)
def test_a_window_is_named_or_told_in_numbers(name: str, window: Window | None) -> None:
    assert GREY.window(name) == window


@pytest.mark.parametrize(
    "name", ["liver", "40,0", "40,-1", "40", "1e9,2", "nan,1", "inf,1", "40,80,", "٤٠,٨٠", "x" * 90]
)
def test_another_window_is_refused(name: str) -> None:
    offered = "expected CENTER,WIDTH or one of file, lung, bone, brain, soft_tissue, full"
    with pytest.raises(ImageError, match=re.escape(f"window: got {name[:40]!r}, {offered}")):
        GREY.window(name)


def test_colour_has_no_windows() -> None:
    assert COLOUR.window("") is None
    with pytest.raises(ImageError, match="window: got '40,80', expected none, for this picture has no grey values"):
        COLOUR.window("40,80")


@pytest.mark.parametrize("index", [-1, 3])
def test_a_slice_must_be_there(index: int) -> None:
    with pytest.raises(ImageError, match=f"slice: got {index}, expected 0 to 2"):
        GREY.require_slice(index)
