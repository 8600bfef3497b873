"""The drawing tools keep their promises about size, noise and exposure."""

import numpy as np
import pytest

from doctorsun.data.phantom.canvas import (
    Cells,
    Exposure,
    away_from_edges,
    cells_cover,
    ellipse,
    expose,
    make_frame,
    mark,
    paint,
    pick_point,
    rgb_pixels,
    scattered,
    side_sign,
    smooth_noise,
    tinted,
    white_noise,
    with_gamma,
)  # fmt: skip
from doctorsun.image.geometry import box_center, long_side_mm


def rng(seed=0):
    return np.random.default_rng(seed)


def test_an_ellipse_has_the_size_it_was_asked_for():
    frame = make_frame(rng(), 256.0)
    found = mark("x", ellipse(frame, (20, -30), (40, 24)))
    assert abs(long_side_mm(found.box_px, (frame.spacing, frame.spacing)) - 80) <= frame.spacing
    x, y = box_center(found.box_px)
    assert (x - 64) * frame.spacing == pytest.approx(20, abs=frame.spacing)
    assert (y - 64) * frame.spacing == pytest.approx(-30, abs=frame.spacing)


def test_a_quarter_turn_swaps_the_axes():
    frame = make_frame(rng(), 128.0)
    flat, upright = ellipse(frame, (0, 0), (30, 10)), ellipse(frame, (0, 0), (30, 10), angle_deg=90)
    assert np.abs(flat.T - upright).max() < 1e-3


def test_frames_shift_turn_and_zoom_within_their_limits():
    centers = [
        box_center(mark("x", ellipse(make_frame(rng(seed), 128.0, shift=10), (0, 0), (9, 9))).box_px)
        for seed in range(30)
    ]
    offsets = np.array(centers) - 64
    assert np.abs(offsets).max() <= 10.5
    assert offsets.std() > 3


@pytest.mark.parametrize("noise", [white_noise, lambda r: smooth_noise(r, 30), lambda r: smooth_noise(r, 60, 40)])
def test_noise_has_zero_mean_and_unit_variance(noise):
    fields = np.stack([noise(rng(seed)) for seed in range(30)])
    assert abs(fields.mean()) < 0.03
    assert abs(fields.std() - 1) < 0.05


def test_smooth_noise_is_smooth():
    field = smooth_noise(rng(), 8)
    assert np.abs(np.diff(field)).mean() < 0.3 * np.abs(np.diff(white_noise(rng()))).mean()


def test_points_come_from_the_first_mask_that_has_any():
    frame = make_frame(rng(), 128.0)
    nothing, one = np.zeros((128, 128), bool), np.zeros((128, 128), bool)
    one[10, 100] = True
    assert pick_point(rng(), frame, [nothing, one]) == (frame.x[10, 100], frame.y[10, 100])


def test_away_from_edges_keeps_a_disc_inside():
    frame = make_frame(rng(), 128.0)
    clear = away_from_edges(ellipse(frame, (0, 0), (40, 40)) > 0.5, 15, frame.spacing)
    distance = np.hypot(frame.x, frame.y)
    assert clear[distance < 22].all()
    assert not clear[distance > 27].any()


def test_cells_cover_their_own_places_even_over_the_border():
    cells = Cells(
        centers=np.array([[30.0, 40.0], [0.0, 0.0]], np.float32), radii=np.array([[6.0, 3.0], [4.0, 4.0]], np.float32),
        angles=np.zeros(2, np.float32), bend=np.zeros(2, np.float32),
    )  # fmt: skip
    cover, nearest = cells_cover(cells, reach_px=8)
    assert (cover[40, 30], cover[0, 0], cover[80, 80]) == (1, 1, 0)
    assert cover[40, 35] > 0.5 > cover[44, 30]
    assert nearest[40, 33] == pytest.approx(0.5)


def test_scattered_points_lie_apart():
    points = scattered(rng(), 30, 8, 0.2)
    gaps = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)) + 1e3 * np.eye(30)
    assert points.shape == (30, 2)
    assert gaps.min() >= 16 * 0.6 - 1e-3


def test_paint_and_tint_reach_the_pixels():
    picture = tinted(np.ones((128, 128), np.float32), (0.2, 0.4, 0.6))
    paint(picture, np.eye(128, dtype=np.float32), (1.0, 0.0, 0.0))
    pixels = rgb_pixels(picture)
    assert pixels.shape == (128, 128, 3)
    assert pixels[3, 3].tolist() == [255, 0, 0]
    assert pixels[3, 4].tolist() == [51, 102, 153]


def test_exposure_hides_how_bright_the_scene_was():
    exposure = Exposure(mean=(0.5,), contrast=(0.1,), brighter=0.05)
    scene = smooth_noise(rng(), 20)[None]
    once, again = expose(rng(1), scene, exposure), expose(rng(1), scene * 0.3 + 7, exposure)
    assert np.abs(once - again).max() < 1e-3
    assert 0.4 < once.mean() < 0.6


def test_exposure_may_look_at_an_area_only():
    area = np.zeros((128, 128), bool)
    area[40:80, 40:80] = True
    scene = np.where(area, smooth_noise(rng(), 30), 50)[None]
    shown = expose(rng(1), scene, Exposure(mean=(0.5,), contrast=(0.1,), brighter=0.0), area=area)
    assert 0.4 < shown[0][area].mean() < 0.6


def test_gamma_by_table_is_the_power_and_clips():
    share = np.linspace(-0.2, 1.2, 200, dtype=np.float32)
    assert np.abs(with_gamma(share, 1.3) - np.clip(share, 0, 1) ** 1.3).max() < 2e-3


def test_the_patients_left_is_the_images_right():
    assert (side_sign("left"), side_sign("right")) == (1, -1)
