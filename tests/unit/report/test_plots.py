import re
from itertools import pairwise

import pytest

from doctorsun.report.formats import small
from doctorsun.report.plots import (
    bin_means,
    interval_plot,
    line_chart,
    lines_chart,
    mark_symbol,
    moving_average,
    nice_ticks,
    rank_plot,
    share_bar,
    stacked_bar,
)
from doctorsun.schema import Score


def score(value: float, low: float, high: float, control: str = "real") -> Score:
    return Score(
        task="t",
        language="en",
        kind="closed",
        protocol="p@1",
        metric="accuracy",
        value=value,
        low=low,
        high=high,
        n=1,
        num_invalid=0,
        control=control,
    )


@pytest.mark.parametrize("high", [1e-6, 0.37, 1.0, 2.51, 8.0, 99.0, 4321.0])
def test_ticks_are_round_and_cover_the_values(high: float) -> None:
    ticks = nice_ticks(0.0, high)
    steps = {round((b - a) / (ticks[1] - ticks[0]), 6) for a, b in pairwise(ticks)}
    assert ticks[0] == 0.0
    assert ticks[-1] >= high * (1 - 1e-9)
    assert ticks[-1] <= 2 * high
    assert 2 <= len(ticks) <= 6
    assert steps == {1.0}


def test_ticks_of_nothing() -> None:
    assert nice_ticks(0.0, 0.0)[-1] > 0


def test_curve_runs_from_the_corner_to_the_end() -> None:
    svg = line_chart([(0.0, 4.0), (10.0, 0.0)], label="Loss", format_y=small)
    assert re.findall(r'class="raw" points="(.*?)"', svg) == ["0.0,0.0 1000.0,1000.0"]
    assert ">10</text>" in svg
    assert svg.count('class="grid"') == 5


def test_axis_reaches_to_the_planned_steps() -> None:
    svg = line_chart([(0.0, 1.0), (10.0, 1.0)], num_steps=20, label="Loss", format_y=small)
    assert ">20</text>" in svg
    assert "500.0,0.0" in svg


def test_validation_dots_are_drawn_in_their_places() -> None:
    svg = line_chart([(0.0, 1.0), (10.0, 1.0)], dots=[(5.0, 0.5)], label="Loss", format_y=small)
    assert '<circle class="dot" cx="55.00%" cy="78.0"' in svg


def test_the_best_dot_is_filled_and_dots_are_joined() -> None:
    dots = [(2.0, 1.0), (4.0, 0.5), (6.0, 0.75)]
    svg = line_chart([(0.0, 2.0), (10.0, 1.0)], dots=dots, best=4, label="Loss", format_y=small)
    assert re.findall(r'class="(dot.*?)"', svg) == ["dot", "dot best", "dot"]
    assert 'class="joined" points="200.0,500.0 400.0,750.0 600.0,625.0"' in svg


def test_small_charts_are_lower_and_leave_room_for_their_numbers() -> None:
    svg = line_chart([(0.0, 1.0), (10.0, 1.0)], label="Loss", format_y=small, is_small=True)
    assert 'height="100"' in svg
    assert 'x="19.0%"' in svg


def test_several_curves_have_classes_of_their_own() -> None:
    series = [[(0.0, float(index)), (10.0, float(index))] for index in range(7)]
    svg = lines_chart(series, label="Loss", format_y=small)
    assert re.findall(r'class="curve (l\d)"', svg) == ["l0", "l1", "l2", "l3", "l4", "l5", "l0"]
    assert "circle" not in svg


def test_what_is_not_smooth_has_a_dot_at_each_point() -> None:
    svg = lines_chart([[(0.0, 0.0), (5.0, 1.0), (10.0, 1.0)]], label="Scores", format_y=small, is_smooth=False)
    assert svg.count('<circle class="l0"') == 3
    assert 'points="0.0,1000.0 500.0,0.0 1000.0,0.0"' in svg


def test_chart_without_points_is_an_empty_frame() -> None:
    assert 'points=""' in line_chart([], label="Loss", format_y=small)


def test_labels_are_escaped() -> None:
    hostile = '"><script>'
    assert "<script" not in line_chart([], label=hostile, format_y=small)
    assert "<script" not in interval_plot([], label=hostile)
    assert "<script" not in stacked_bar([1.0], label=hostile)


def test_long_curves_are_binned_without_losing_their_mean() -> None:
    points = [(float(index), float(index % 7)) for index in range(10_000)]
    binned = bin_means(points)
    assert len(binned) <= 240
    assert sum(y for _, y in binned) / len(binned) == pytest.approx(3.0, abs=0.05)
    assert bin_means([]) == []


def test_average_smooths_but_keeps_a_steep_start() -> None:
    points = [(float(index), 10.0 if index == 0 else float(index % 2)) for index in range(100)]
    smooth = [y for _, y in moving_average(points)]
    assert smooth[0] == 10.0
    assert max(smooth[20:]) - min(smooth[20:]) < 0.15


def test_intervals_have_one_lane_each_and_stay_on_the_axis() -> None:
    scores = [score(0.5, 0.4, 0.6), score(1.0, 0.9, 1.2, "blank"), score(float("nan"), 0.0, 1.0, "prior")]
    svg = interval_plot(scores, label="x")
    assert '<line class="whisker real" x1="40.10%" x2="59.90%" y1="8" y2="8"/>' in svg
    assert '<line class="whisker blank" x1="89.60%" x2="99.50%" y1="17" y2="17"/>' in svg
    assert "prior" not in svg


def test_value_without_an_interval_has_a_mark_but_no_whisker() -> None:
    svg = interval_plot([score(0.5, float("nan"), float("nan"))], label="x")
    assert "whisker" not in svg
    assert 'class="mark real" x="50.00%"' in svg


def test_marks_differ() -> None:
    marks = {mark_symbol(name).replace(name, "") for name in ("real", "blank", "noise", "shuffled", "prior")}
    assert len(marks) == 5


@pytest.mark.parametrize(("share", "width"), [(0.333, "33.30%"), (-1.0, "0.00%"), (2.0, "100.00%")])
def test_share_bar_is_as_long_as_its_share(share: float, width: str) -> None:
    assert f'class="fill" width="{width}"' in share_bar(share)


def test_stacked_shares_follow_each_other() -> None:
    svg = stacked_bar([0.25, 0.75], label="x")
    assert re.findall(r'x="(.*?)" width="(.*?)" height="10"', svg) == [("0.00%", "25.00%"), ("25.00%", "75.00%")]


def test_a_rank_plot_has_a_line_for_every_power_of_ten() -> None:
    drawn = rank_plot([1000, 10, 1], label="labels <1>")
    assert re.findall(r'class="tick end"[^>]*>([\d,]+)<', drawn) == ["1", "10", "100", "1,000", "3"]
    assert 'aria-label="labels &lt;1&gt;"' in drawn
    points = "0.0,1000.0 0.0,0.0 333.3,0.0 333.3,666.7 666.7,666.7 666.7,1000.0 1000.0,1000.0 1000.0,1000.0"
    assert f'points="{points}"' in drawn


def test_a_rank_plot_of_nothing_is_an_empty_frame() -> None:
    assert "0.0,1000.0 0.0,1000.0" in rank_plot([], label="")
