"""SVG pictures of shares against shares: reliability of stated confidence, and risk at each coverage."""

from collections.abc import Sequence
from html import escape

from doctorsun.report.formats import percent

SIDE_PX = 220
LEFT_PX = 44
BOTTOM_PX = 34
TOP_PX = 8
Point = tuple[float, float]


def reliability_plot(bins: Sequence[tuple[float, float, int]], *, label: str, axes: tuple[str, str]) -> str:
    """Draw how often answers of one confidence are right, beside the diagonal where both agree.

    Args:
        bins: mean confidence and share of right answers, in [0, 1], and the number of answers, of each bin.
        label: what a screen reader says.
        axes: words under and beside the picture.

    Returns:
        An ``svg`` element; the area of a dot tells how many answers its bin holds.
    """
    most = max((num for _, _, num in bins), default=1)
    line = f'<polyline class="curve" points="{_path([(x, y) for x, y, _ in bins])}"/>'
    dots = "".join(
        f'<circle class="l0" cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="{1.5 + 3 * (num / most) ** 0.5:.1f}">'
        f"<title>{percent(x)} → {percent(y)}, n {num}</title></circle>"
        for x, y, num in bins
    )
    diagonal = f'<line class="joined" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>'
    return _square(diagonal + line + dots, label=label, axes=axes)


def risk_plot(points: Sequence[Point], *, chosen: Point | None = None, label: str, axes: tuple[str, str]) -> str:
    """Draw the share of wrong answers among those that are given, over the share that is given.

    Args:
        points: (coverage, risk) in [0, 1], ascending.
        chosen: the point of the abstention threshold, filled.
        label: what a screen reader says.
        axes: words under and beside the picture.

    Returns:
        An ``svg`` element.
    """
    drawn = f'<polyline class="curve" points="{_path(points)}"/>'
    if chosen is not None:
        drawn += f'<circle class="dot best" cx="{_x(chosen[0]):.1f}" cy="{_y(chosen[1]):.1f}" r="4"/>'
    return _square(drawn, label=label, axes=axes)


def _square(content: str, *, label: str, axes: tuple[str, str]) -> str:
    """Return the picture of a unit square with lines at quarters."""
    width, height = LEFT_PX + SIDE_PX + 12, TOP_PX + SIDE_PX + BOTTOM_PX
    lines = "".join(
        f'<line class="grid" x1="{_x(0)}" x2="{_x(1)}" y1="{_y(tick):.1f}" y2="{_y(tick):.1f}"/>'
        f'<text class="tick end" x="{LEFT_PX - 6}" y="{_y(tick) + 3.5:.1f}">{100 * tick:.0f}%</text>'
        f'<text class="tick middle" x="{_x(tick):.1f}" y="{_y(0) + 14:.1f}">{100 * tick:.0f}</text>'
        for tick in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    below, beside = (escape(words) for words in axes)
    return (
        f'<svg class="square" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">{lines}{content}'
        f'<text class="tick end" x="{_x(1)}" y="{height - 3}">{below} (%)</text>'
        f'<text class="tick" x="{_x(0) + 5}" y="{TOP_PX + 11}">{beside}</text></svg>'
    )


def _path(points: Sequence[Point]) -> str:
    return " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)


def _x(share: float) -> float:
    return LEFT_PX + SIDE_PX * share


def _y(share: float) -> float:
    return TOP_PX + SIDE_PX * (1 - share)
