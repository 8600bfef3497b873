"""Whether two pictures are one picture: the second look, by pixels, after their fingerprints were found near."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

Grey = NDArray[np.float32]

_SAME = 0.95
_FINE_PX = 1.5  # structures wider than about four times this tell a region of the body, not a picture
_EDGE_PX = 4
_NUM_STEPS = 8
_FARTHEST_PX = 8.0
_HOPELESS = 0.2


def is_same_picture(one: Grey, other: Grey) -> bool:
    """Say whether two small grey pictures are one, but for encoding, size, window and a shift of a few pixels.

    The fine structure must correlate, after the grey values of one were given to the other in order (which undoes any
    window and gamma) and one was laid on the other (which undoes a small crop or turn). Neighbouring slices, and
    films of two patients, share the coarse structure alone. A picture of one grey level is like no other.

    Args:
        one: [side, side].
        other: of the same shape.
    """
    likeness = fine_likeness(one, other)
    if likeness >= _SAME or likeness < _HOPELESS:
        return likeness >= _SAME
    return any(_laid_on(*pair) >= _SAME for pair in ((one, other), (other, one)))


def fine_likeness(one: Grey, other: Grey) -> float:
    """Return the correlation of the fine structure of two pictures under the tone of either: 1 where they are equal."""
    first, second = _fine(one), _fine(other)
    return max(_correlation(_fine(_toned(one, other)), second), _correlation(first, _fine(_toned(other, one))))


def _laid_on(one: Grey, other: Grey) -> float:
    """Return the best likeness that a small affine move of one picture gives (Gauss-Newton on the grey values)."""
    side = one.shape[0]
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    across, down = columns / side - 0.5, rows / side - 0.5
    inner = slice(_EDGE_PX, -_EDGE_PX), slice(_EDGE_PX, -_EDGE_PX)
    smooth, fine = _blurred(other, 1.0), _fine(other)[inner]
    move, best = np.zeros(6), 0.0
    for _ in range(_NUM_STEPS):
        shift_x, shift_y = (at[0] + at[1] * across + at[2] * down for at in (move[:3], move[3:]))
        moved = _toned(_sampled(one, rows + shift_y, columns + shift_x), other)
        best = max(best, _correlation(_fine(moved)[inner], fine))
        soft = _blurred(moved, 1.0)
        grad_y, grad_x = np.gradient(soft, axis=0), np.gradient(soft, axis=1)
        slopes = [grad_x, grad_x * across, grad_x * down, grad_y, grad_y * across, grad_y * down]
        jacobian = np.stack([slope[inner].ravel() for slope in slopes], axis=1).astype(np.float64)
        normal = jacobian.T @ jacobian + 1e-3 * np.eye(6)
        move += np.linalg.solve(normal, jacobian.T @ (smooth - soft)[inner].ravel())
        if best >= _SAME or np.abs(move).max() > _FARTHEST_PX:
            break
    return best


def _toned(one: Grey, other: Grey) -> Grey:
    """Return a picture with the grey values of another in its own order."""
    toned = np.empty(one.size, dtype=np.float32)
    toned[np.argsort(one, axis=None, kind="stable")] = np.sort(other, axis=None)
    return toned.reshape(one.shape)


def _fine(picture: Grey) -> Grey:
    return picture - _blurred(picture, _FINE_PX)


def _blurred(picture: Grey, sigma_px: float) -> Grey:
    return np.asarray(gaussian_filter(picture, sigma_px), dtype=np.float32)


def _sampled(picture: Grey, rows: Grey, columns: Grey) -> Grey:
    return np.asarray(map_coordinates(picture, [rows, columns], order=1, mode="nearest"), dtype=np.float32)


def _correlation(one: Grey, other: Grey) -> float:
    a, b = one - one.mean(), other - other.mean()
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float((a * b).sum()) / norm if norm > 0 else 0.0
