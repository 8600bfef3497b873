"""The second look: copies in another coding, size, window or position are the same picture; neighbours are not."""

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from nibabel import load
from nibabel.testing import data_path

from doctorsun.image.fingerprint import small_views
from doctorsun.image.raster import decode
from doctorsun.image.same_picture import fine_likeness, is_same_picture

Picture = PIL.Image.Image


def smooth(seed: int, side: int = 20) -> Picture:
    coarse = np.random.default_rng(seed).integers(0, 256, size=(side, side + 2), dtype=np.uint8)
    return PIL.Image.fromarray(coarse).resize((192, 160), PIL.Image.Resampling.BICUBIC)


def small(picture: Picture) -> np.ndarray:
    return small_views(picture)[0]


COPIES: dict[str, Callable[[Picture], Picture]] = {
    "half the size": lambda shown: shown.resize((96, 80)),
    "narrow window": lambda shown: shown.point(lambda level: max(0, min(255, (level - 60) * 255 / 140))),
    "gamma": lambda shown: shown.point(lambda level: 255 * (level / 255) ** 1.5),
    "cut by 2 %": lambda shown: shown.crop((4, 3, 188, 157)),
    "turned by a degree": lambda shown: shown.rotate(1, PIL.Image.Resampling.BICUBIC),
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_is_the_same_picture(name: str):
    shown = smooth(0)
    copy = COPIES[name](shown)
    assert is_same_picture(small(shown), small(copy))
    assert is_same_picture(small(copy), small(shown))


def test_other_pictures_are_not():
    assert not is_same_picture(small(smooth(0)), small(smooth(1)))


def test_a_mark_makes_another_picture():
    marked = smooth(3)
    marked.paste(255, (60, 40, 100, 90))
    assert not is_same_picture(small(smooth(3)), small(marked))


def test_pictures_that_share_the_coarse_structure_alone_are_not_the_same():
    outline = np.asarray(smooth(5, 4), dtype=np.float64)
    one, other = (
        PIL.Image.fromarray((outline * 0.8 + np.asarray(smooth(seed)) * 0.2).astype(np.uint8)) for seed in (6, 7)
    )
    assert np.corrcoef(small(one).ravel(), small(other).ravel())[0, 1] > 0.9
    assert not is_same_picture(small(one), small(other))


def test_pictures_of_one_grey_level_are_like_no_other():
    flat = np.full((64, 64), 7, dtype=np.float32)
    assert fine_likeness(flat, flat) == 0
    assert not is_same_picture(flat, flat)


def test_neighbouring_slices_of_a_real_volume_are_not_the_same():
    volume = np.asarray(load(Path(data_path) / "example4d.nii.gz").dataobj)[..., 0]
    low, high = np.percentile(volume, [0.5, 99.5])
    pixels = (np.clip((volume - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    slices = [small(PIL.Image.fromarray(pixels[:, :, place])) for place in range(4, 20)]
    assert not any(is_same_picture(one, other) for one, other in itertools.pairwise(slices))


def test_films_of_different_patients_are_not_the_same(test_data: Path):
    names = ("synpic29265", "synpic28602", "synpic42202", "synpic21776", "synpic25821")
    paths = [path for path in sorted((test_data / "vqa_rad" / "data" / "images").iterdir()) if path.stem in names]
    films = [small(decode(path.read_bytes())) for path in paths]
    assert len(films) == len(names)
    assert not any(is_same_picture(one, other) for place, one in enumerate(films) for other in films[:place])
