"""Protocol report_findings@1: reports by the findings that they state and the sides these are on."""

from collections.abc import Callable, Sequence

import numpy as np

from doctorsun.eval.bootstrap import Sums
from doctorsun.eval.protocols.stated_findings import Stated, findings_stated
from doctorsun.eval.protocols.verdict import CorpusMetric, Protocol, Verdict
from doctorsun.schema import Prediction
from doctorsun.text.normalize import exact_form, without_reasoning

Claims = set[tuple[str, str]]


def judge_report_findings_1(prediction: Prediction) -> Verdict:
    """Judge a report by the F1 of the findings that it states, and of their sides, against the gold that fits best.

    Findings are told by rules over frozen terms of the ontology, denials and uncertainty included. Where neither
    report states any finding, both agree (1). It reads words, and no rule reads all of them: findings in a form that
    the rules do not know count as missing.
    """
    if not exact_form(without_reasoning(prediction.output)):
        return REPORT_FINDINGS_1.nothing()
    said, golds = _stated(prediction)
    f1, side_f1 = max((_f1(_names(said), _names(gold)), _f1(_sides(said), _sides(gold))) for gold in golds)
    return Verdict(values={"f1": f1, "side_f1": side_f1})


def _stated(prediction: Prediction) -> tuple[Stated, list[Stated]]:
    output = without_reasoning(prediction.output) if prediction.status == "ok" else ""
    golds = [findings_stated(gold, prediction.modality) for gold in prediction.gold if gold.strip()]
    return findings_stated(output, prediction.modality), golds


def _names(stated: Stated) -> Claims:
    return {(name, "") for name in stated}


def _sides(stated: Stated) -> Claims:
    return {(name, side) for name, sides in stated.items() for side in sides}


def _f1(said: Claims, gold: Claims) -> float:
    return 2 * len(said & gold) / (len(said) + len(gold)) if said or gold else 1.0


def _claims(prediction: Prediction, kind: Callable[[Stated], Claims]) -> tuple[Claims, Claims]:
    """Return what a report claims and what the gold that fits it best does."""
    said, golds = _stated(prediction)
    return kind(said), kind(max(golds, key=lambda gold: _f1(_names(said), _names(gold))))


def _sums(kind: Callable[[Stated], Claims]) -> Callable[[Sequence[Prediction], Sequence[Verdict]], Sums]:
    def sums(predictions: Sequence[Prediction], verdicts: Sequence[Verdict]) -> Sums:
        """Return [answers, 3]: claims that agree, that are made and that are true; no report misses one at least."""
        claims = [_claims(row, kind) for row in predictions]
        counts = [
            (len(said & gold), len(said), max(len(gold), verdict.invalid))
            for (said, gold), verdict in zip(claims, verdicts, strict=True)
        ]
        return np.asarray(counts, dtype=np.float64)

    return sums


def _micro_f1(sums: Sums) -> Sums:
    """Return F1 over all claims together; 1 where there are none on either side."""
    hits, said, gold = sums[..., 0], sums[..., 1], sums[..., 2]
    return np.where(said + gold > 0, 2 * hits / np.maximum(said + gold, 1), 1.0)


REPORT_FINDINGS_1 = Protocol(
    name="report_findings@1",
    kinds=("report",),
    metrics=("f1", "side_f1"),
    rule=judge_report_findings_1,
    corpus=(
        CorpusMetric(name="micro_f1", sums=_sums(_names), value=_micro_f1),
        CorpusMetric(name="micro_side_f1", sums=_sums(_sides), value=_micro_f1),
    ),
)
