import re

from defusedxml.ElementTree import fromstring

from doctorsun.report.curves import LEFT_PX, SIDE_PX, TOP_PX, reliability_plot, risk_plot

AXES = ("confidence", "right")


def test_bins_stand_where_confidence_and_accuracy_meet() -> None:
    svg = reliability_plot([(0.5, 0.25, 10), (1.0, 1.0, 40)], label="<reliability>", axes=AXES)
    circles = [each for each in fromstring(svg) if each.tag == "circle"]
    assert [float(each.get("cx", "")) for each in circles] == [LEFT_PX + SIDE_PX / 2, LEFT_PX + SIDE_PX]
    assert [float(each.get("cy", "")) for each in circles] == [TOP_PX + SIDE_PX * 0.75, TOP_PX]
    assert [float(each.get("r", "")) for each in circles] == [3.0, 4.5]
    assert 'aria-label="&lt;reliability&gt;"' in svg


def test_the_threshold_is_a_dot_on_the_curve_of_risk() -> None:
    points = [(0.2, 0.0), (0.6, 0.1), (1.0, 0.3)]
    svg = risk_plot(points, chosen=points[1], label="risk", axes=AXES)
    (dot,) = [each for each in fromstring(svg) if each.tag == "circle"]
    cx, cy = dot.get("cx"), dot.get("cy")
    assert f"{cx},{cy}" in re.findall(r'points="([^"]+)"', svg)[0].split()
    assert "circle" not in risk_plot(points, label="risk", axes=AXES)


def test_no_answers_give_an_empty_square() -> None:
    assert "<circle" not in reliability_plot([], label="x", axes=AXES)
