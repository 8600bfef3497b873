"""F1 of the findings and sides of reports, per report and over all."""

import pytest

from doctorsun.eval.protocols import protocols_named

GOLD = "Left pleural effusion, cardiomegaly."


@pytest.fixture
def protocol():
    return protocols_named("report_findings@1")[0]


@pytest.fixture
def scored(protocol, make_prediction):
    """Return a scorer of pairs of report and gold: the values of each, and those over all."""

    def score(*pairs, **fields):
        rows = [
            make_prediction(id=str(number), kind="report", output=output, gold=(gold,), **fields)
            for number, (output, gold) in enumerate(pairs)
        ]
        verdicts = [protocol.judge(row) for row in rows]
        over_all = [float(each.value(each.sums(rows, verdicts).sum(axis=0))) for each in protocol.corpus]
        return [tuple(verdict.values.values()) for verdict in verdicts], over_all

    return score


@pytest.mark.parametrize(
    ("output", "f1", "side_f1"),
    [
        (GOLD, 1, 1),
        ("Cardiomegaly and a pleural effusion on the left are present.", 1, 1),
        ("Right pleural effusion, cardiomegaly.", 1, 0),
        ("Left pleural effusion.", 2 / 3, 1),
        ("Left pleural effusion, cardiomegaly, left pneumothorax.", 4 / 5, 2 / 3),
        ("左侧胸腔积液，心影增大。", 1, 1),
        ("No pleural effusion. No cardiomegaly.", 0, 0),
        ("The lungs are clear.", 0, 0),
    ],
)
def test_reports_are_compared_by_what_they_state(scored, output, f1, side_f1):
    values, over_all = scored((output, GOLD))

    assert values == [pytest.approx((f1, side_f1))]
    assert over_all == pytest.approx([f1, side_f1])


def test_two_reports_without_findings_agree(scored):
    assert scored(("双肺清晰。", "No acute findings in the lungs.")) == ([(1, 1)], [1, 1])


@pytest.mark.parametrize(("output", "status"), [("", "ok"), (GOLD, "error"), ("<think>cardiomegaly", "ok")])
@pytest.mark.parametrize("gold", [GOLD, "The lungs are clear."])
def test_no_report_agrees_with_nothing(scored, output, status, gold):
    assert scored((output, gold), status=status) == ([(0, 0)], [0, 0])


def test_over_all_every_claim_counts_alike(scored):
    _, over_all = scored((GOLD, GOLD), ("Cardiomegaly.", "Right pneumothorax."))

    assert over_all == pytest.approx([2 * 2 / (3 + 3), 2 * 1 / (1 + 2)])
