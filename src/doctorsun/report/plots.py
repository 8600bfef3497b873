"""Small SVG pictures: curves, shares and intervals that fit any width and follow the page's colours.

Horizontal places are percentages, so that a picture is as crisp on a phone as on a wall; colours are classes of the
page's style sheet, so that it follows light, dark and print.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from doctorsun.schema import Control, Score

MAX_POINTS = 240
LEFT_PERCENT = 10.0
SMALL_LEFT_PERCENT = 19.0
NUM_COLOURS = 6
LANE_PX = 9
Point = tuple[float, float]
Format = Callable[[float], str]


def line_chart(
    points: Sequence[Point],
    *,
    dots: Sequence[Point] = (),
    best: float | None = None,
    num_steps: int = 0,
    label: str,
    format_y: Format,
    is_small: bool = False,
) -> str:
    """Draw one quantity over the steps: every bin faint, the moving average bold, and single dots on top.

    Args:
        points: (step, value) in order of the step.
        dots: (step, value) of sparse measurements, such as validation losses, joined by a dashed line.
        best: the step whose dot is filled.
        num_steps: planned steps: the horizontal axis reaches at least so far.
        label: what a screen reader says.
        format_y: writes the numbers of the vertical axis.
        is_small: half as high, for a chart beside another one.

    Returns:
        An ``svg`` element as wide as its container and 170 or 100 pixels high.
    """
    binned = bin_means(points)
    frame, ticks = _frame([*binned, *dots], [*points, *dots], num_steps, is_small=is_small)
    marks = "".join(
        f'<circle class="dot{" best" if x == best else ""}" cx="{frame.x_percent(x):.2f}%" cy="{frame.y_px(y):.1f}"'
        ' r="3.2"/>'
        for x, y in dots
    )
    curves = f'<polyline class="raw" points="{frame.path(binned)}"/>'
    curves += f'<polyline class="curve" points="{frame.path(moving_average(binned))}"/>'
    curves += f'<polyline class="joined" points="{frame.path(dots)}"/>' if dots else ""
    return _chart(frame, ticks, curves, marks, label=label, format_y=format_y)


def lines_chart(
    series: Sequence[Sequence[Point]], *, num_steps: int = 0, label: str, format_y: Format, is_smooth: bool = True
) -> str:
    """Draw several quantities over the steps; curve i has the class ``l{i}``, six of them and then again.

    Args:
        series: (step, value) of each quantity, in order of the step.
        num_steps: planned steps: the horizontal axis reaches at least so far.
        label: what a screen reader says.
        format_y: writes the numbers of the vertical axis.
        is_smooth: draw moving averages; else what was measured, with a dot at each point, in a chart of full size.

    Returns:
        An ``svg`` element as wide as its container and 100 or 170 pixels high.
    """
    drawn = [moving_average(bin_means(points)) if is_smooth else list(points) for points in series]
    every = [point for points in drawn for point in points]
    frame, ticks = _frame(every, [point for points in series for point in points], num_steps, is_small=is_smooth)
    curves = "".join(
        f'<polyline class="curve l{index % NUM_COLOURS}" points="{frame.path(points)}"/>'
        for index, points in enumerate(drawn)
    )
    dots = "".join(
        f'<circle class="l{index % NUM_COLOURS}" cx="{frame.x_percent(x):.2f}%" cy="{frame.y_px(y):.1f}" r="2.4"/>'
        for index, points in enumerate(drawn)
        for x, y in points
        if not is_smooth
    )
    return _chart(frame, ticks, curves, dots, label=label, format_y=format_y)


def interval_plot(scores: Sequence[Score], *, label: str) -> str:
    """Draw shares with their 95 % whiskers on one axis from 0 to 100 %, one lane each, in the given order."""
    shown = [score for score in scores if math.isfinite(score.value)]
    height = LANE_PX * max(len(shown), 1) + 7
    grid = "".join(f'<line class="grid" x1="{x}%" x2="{x}%" y1="0" y2="{height}"/>' for x in (0.5, 25, 50, 75, 99.5))
    lanes = "".join(_lane(score, 8 + LANE_PX * lane) for lane, score in enumerate(shown))
    head = f'<svg class="forest" width="100%" height="{height}" role="img" aria-label="{escape(label)}">'
    return f"{head}{grid}{lanes}</svg>"


def mark_symbol(mark: Control) -> str:
    """Draw the mark of the model or of one control alone, for a legend."""
    return f'<svg class="key" width="14" height="12" aria-hidden="true">{_mark(mark, "50%", 6)}</svg>'


def share_bar(share: float) -> str:
    """Draw one share in [0, 1] as a horizontal bar."""
    return (
        '<svg class="bar" width="100%" height="8" aria-hidden="true">'
        '<rect class="track" width="100%" height="8" rx="4"/>'
        f'<rect class="fill" width="{100 * min(max(share, 0.0), 1.0):.2f}%" height="8" rx="4"/></svg>'
    )


def stacked_bar(shares: Sequence[float], *, label: str) -> str:
    """Draw shares that sum to 1 as one bar of segments; segment i has the class ``s{i}``."""
    starts = [sum(shares[:index]) for index in range(len(shares))]
    segments = "".join(
        f'<rect class="s{index % 6}" x="{100 * start:.2f}%" width="{100 * share:.2f}%" height="10"/>'
        for index, (start, share) in enumerate(zip(starts, shares, strict=True))
    )
    return f'<svg class="stack" width="100%" height="10" role="img" aria-label="{escape(label)}">{segments}</svg>'


def rank_plot(counts: Sequence[int], *, label: str) -> str:
    """Draw falling counts as an area over their rank, on a logarithmic scale from 1.

    Returns:
        An ``svg`` element as wide as its container and 170 pixels high.
    """
    top = max(1, math.ceil(math.log10(max(counts, default=1))))
    frame = _Frame(x_max=max(len(counts), 1), y_max=top)
    rows = "".join(_grid_line(frame, power, lambda power: f"{10**power:,.0f}") for power in range(top + 1))
    steps = [(x, math.log10(count)) for rank, count in enumerate(counts) for x in (rank, rank + 1)]
    area = frame.path([(0, 0), *steps, (len(counts), 0)])
    return (
        f'<svg class="chart" width="100%" height="{frame.height_px}" role="img" aria-label="{escape(label)}">{rows}'
        f'<svg x="{LEFT_PERCENT}%" y="{frame.top_px}" width="{100 - LEFT_PERCENT}%" height="{frame.plot_px}"'
        f' viewBox="0 0 1000 1000" preserveAspectRatio="none"><polygon class="area" points="{area}"/></svg>'
        f'<text class="tick" x="{LEFT_PERCENT}%" y="{frame.height_px - 3}">1</text>'
        f'<text class="tick end" x="100%" y="{frame.height_px - 3}">{len(counts):,}</text></svg>'
    )


def nice_ticks(low: float, high: float, num: int = 4) -> list[float]:
    """Return about ``num`` round numbers (1, 2 or 5 times a power of ten apart) from ``low`` to at least ``high``."""
    span = (high - low) or 1.0
    power = 10.0 ** math.floor(math.log10(span / num))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power * num >= span * (1 - 1e-9))
    count = math.ceil((high - low) / step - 1e-9) or 1
    return [low + step * index for index in range(count + 1)]


def bin_means(points: Sequence[Point], num_bins: int = MAX_POINTS) -> list[Point]:
    """Return at most ``num_bins`` points, each the mean of neighbours."""
    size = math.ceil(len(points) / num_bins) or 1
    bins = [points[start : start + size] for start in range(0, len(points), size)]
    return [(sum(x for x, _ in part) / len(part), sum(y for _, y in part) / len(part)) for part in bins]


def moving_average(points: Sequence[Point]) -> list[Point]:
    """Return the mean over about a tenth of the points around each one; the first points keep the steep start."""
    smooth: list[Point] = []
    for index, (x, _) in enumerate(points):
        reach = min(len(points) // 20, index)
        window = points[index - reach : index + reach + 1]
        smooth.append((x, sum(y for _, y in window) / len(window)))
    return smooth


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """Where steps and values lie: steps from 0 to ``x_max``, values from 0 to ``y_max``."""

    x_max: float
    y_max: float
    top_px: int = 8
    plot_px: int = 140
    height_px: int = 170
    left_percent: float = LEFT_PERCENT

    def x_percent(self, x: float) -> float:
        """Return a step's place in percent of the picture's width."""
        return self.left_percent + (100 - self.left_percent) * x / self.x_max

    def y_px(self, y: float) -> float:
        """Return a value's place in pixels from the top."""
        return self.top_px + self.plot_px * (1 - y / self.y_max)

    def path(self, points: Sequence[Point]) -> str:
        """Return polyline points in the inner picture's 1000 x 1000 units."""
        return " ".join(f"{1000 * x / self.x_max:.1f},{1000 * (1 - y / self.y_max):.1f}" for x, y in points)


def _frame(
    shown: Sequence[Point], measured: Sequence[Point], num_steps: int, *, is_small: bool
) -> tuple[_Frame, list[float]]:
    """Return the frame that holds some points, from 0 on, and the ticks of its vertical axis."""
    end = max([x for x, _ in measured] + [float(num_steps)]) or 1.0
    ticks = nice_ticks(0.0, max([y for _, y in shown] or [1.0]), 2 if is_small else 4)
    if is_small:
        small = _Frame(x_max=end, y_max=ticks[-1], plot_px=70, height_px=100, left_percent=SMALL_LEFT_PERCENT)
        return small, ticks
    return _Frame(x_max=end, y_max=ticks[-1]), ticks


def _chart(frame: _Frame, ticks: Sequence[float], curves: str, marks: str, *, label: str, format_y: Format) -> str:
    rows = "".join(_grid_line(frame, tick, format_y) for tick in ticks)
    left = frame.left_percent
    return (
        f'<svg class="chart" width="100%" height="{frame.height_px}" role="img" aria-label="{escape(label)}">{rows}'
        f'<svg x="{left}%" y="{frame.top_px}" width="{100 - left}%" height="{frame.plot_px}"'
        f' viewBox="0 0 1000 1000" preserveAspectRatio="none">{curves}</svg>{marks}'
        f'<text class="tick" x="{left}%" y="{frame.height_px - 3}">0</text>'
        f'<text class="tick end" x="100%" y="{frame.height_px - 3}">{frame.x_max:,.0f}</text></svg>'
    )


def _grid_line(frame: _Frame, tick: float, format_y: Format) -> str:
    y = frame.y_px(tick)
    return (
        f'<line class="grid" x1="{frame.left_percent}%" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="tick end" x="{frame.left_percent - 1.5}%" y="{y + 3.5:.1f}">{escape(format_y(tick))}</text>'
    )


def _lane(score: Score, y: int) -> str:
    low, value, high = (f"{_axis_percent(share):.2f}%" for share in (score.low, score.value, score.high))
    whisker = ""
    if math.isfinite(score.low) and math.isfinite(score.high):
        whisker = f'<line class="whisker {score.control}" x1="{low}" x2="{high}" y1="{y}" y2="{y}"/>'
    return whisker + _mark(score.control, value, y)


def _axis_percent(share: float) -> float:
    # Half a percent of air on both sides, so that a mark at 0 or 100 % is not cut in two.
    return 0.5 + 99 * min(max(share, 0.0), 1.0) if math.isfinite(share) else 0.0


def _mark(mark: Control, x: str, y: int) -> str:
    shapes: dict[Control, str] = {
        "real": '<circle r="4"/>',
        "blank": '<rect x="-3" y="-3" width="6" height="6"/>',
        "noise": '<circle r="3"/>',
        "shuffled": '<path d="M-4 0 0-4 4 0 0 4z"/>',
        "none": '<rect x="-4" y="-1.5" width="8" height="3"/>',
        "prior": '<path d="M-3.6 3 0-3.6 3.6 3z"/>',
        "constant": '<path d="M-3.6-3 0 3.6 3.6-3z"/>',
    }
    return f'<svg class="mark {mark}" x="{x}" y="{y}" overflow="visible">{shapes[mark]}</svg>'
