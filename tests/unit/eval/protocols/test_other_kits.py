"""Bug for bug: the verdicts of other kits' own functions on awkward answers, and ours on the same."""

import pytest

from doctorsun.eval.protocols import PROTOCOLS, protocols_for
from doctorsun.eval.scoring import score

# Rows on which the original gives no verdict: it draws a letter, or it stops with an error. Ours are wrong and invalid.
WITHOUT_VERDICT = {"mmmu_official": {"random": 481}, "medevalkit": {"crash": 12}}
KITS = (
    "llava_med",
    "medevalkit",
    "multimedeval",
    "lmms_slake",
    "mmmu_official",
    "cmb_official",
    "cmexam_official",
    "pubmedqa_official",
)


@pytest.mark.parametrize("kit", KITS)
def test_every_verdict_is_the_originals(kit, awkward_answers, golden_lines):
    different, without = [], {}
    verdicts = dict(golden_lines(kit))
    verdicts.pop("all", None)
    for name, original in verdicts.items():
        row = awkward_answers[name]
        (protocol,) = protocols_for(row.kind, [f"{kit}@1"])
        ours = protocol.judge(row)
        assert set(ours.values) == set(protocol.metrics)
        if isinstance(original, str):
            without[original] = without.get(original, 0) + 1
            assert ours == protocol.nothing()
        elif ours.values != pytest.approx(original, abs=1e-6):
            different.append((row, original, ours.values))

    assert len(verdicts) - sum(without.values()) >= 300
    assert without == WITHOUT_VERDICT.get(kit, {})
    assert different == []


@pytest.mark.parametrize("kit", KITS)
def test_metrics_over_all_answers_are_the_originals(kit, awkward_answers, golden_lines):
    verdicts = dict(golden_lines(kit))
    for kind, metrics in verdicts.get("all", {}).items():
        rows = [awkward_answers[name] for name in verdicts if name != "all" and awkward_answers[name].kind == kind]
        scores = {row.metric: row.value for row in score(rows, protocols=[f"{kit}@1"])}
        assert {name: scores[name] for name in metrics} == pytest.approx(metrics, abs=1e-8)


def test_every_protocol_is_of_the_house_or_compared():
    house = {
        "polarity", "mcq_strict", "mcq_multi", "open_tokens", "box_iou", "report_ngrams", "mcq_loglik",
        "mcq_loglik_norm", "closed_loglik", "report_findings", "refusal", "over_refusal", "injection",
    }  # fmt: skip

    assert {protocol.name.partition("@")[0] for protocol in PROTOCOLS} == house | set(KITS)
