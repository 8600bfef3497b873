"""The summary of scores: the model beside its controls, and the margin over the best of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from doctorsun.eval.protocols import HOUSE_PROTOCOLS, PROTOCOLS, rule_of
from doctorsun.schema import Score

_HOUSE_RULES = frozenset(rule_of(protocol.name) for protocol in HOUSE_PROTOCOLS)  # whatever the version
# What stands for the house protocols: a mean over question types where types differ in size and in difficulty.
_HEADLINES = {
    "closed": "macro_accuracy",
    "mcq": "accuracy",
    "mcq_multi": "accuracy",
    "open": "f1",
    "report": "rouge_l",
    "box": "accuracy",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryRow:
    """One line of a results table.

    Attributes:
        real: the model's score with the real images; None where it was not run.
        controls: the same metric under each control that was run.
        is_above: by the controls that were tested in pairs: whether the model is shown to lie above.
        margin: real minus the best control, None where either is missing.
    """

    task: str
    model: str
    language: str
    kind: str
    protocol: str
    metric: str
    slice: str | None
    real: Score | None
    controls: dict[str, Score]
    is_above: Mapping[str, bool] = field(default_factory=dict)

    @property
    def best_control(self) -> Score | None:
        """The control that answers best."""
        return max(self.controls.values(), key=lambda row: row.value, default=None)

    @property
    def margin(self) -> float | None:
        """How far the model lies above the best control."""
        best = self.best_control
        return None if self.real is None or best is None else self.real.value - best.value


def headline_metric(kind: str, protocol: str, part: str | None = None) -> str:
    """Return the metric that stands for a protocol: that of the kind for the house's, for others their own first.

    Args:
        kind: of the questions.
        protocol: its name.
        part: the slice; of a part there is no mean over question types.
    """
    named = next((each for each in PROTOCOLS if each.name == protocol and kind in each.kinds), None)
    if named and rule_of(named.name) not in _HOUSE_RULES:
        return named.metrics[0]
    metric = _HEADLINES.get(kind, "accuracy")
    return "accuracy" if part is not None and metric == "macro_accuracy" else metric


def summary_rows(scores: Sequence[Score], slice_field: str | None = None) -> list[SummaryRow]:
    """Return one row per task, model, language, kind and protocol, in the order of the scores.

    Args:
        scores: all scores of one or several runs.
        slice_field: None for the whole; ``question_type`` or ``modality`` gives one row per value, none left out.
    """
    groups: dict[tuple[str, ...], dict[str, Score]] = {}
    for row in scores:
        wanted = row.slice is None if slice_field is None else (row.slice or "").startswith(f"{slice_field}=")
        if wanted and row.metric == headline_metric(row.kind, row.protocol, row.slice):
            key = (row.task, row.model, row.language, row.kind, row.protocol, row.slice or "")
            groups.setdefault(key, {})[row.control] = row
    return [_summary(by_control) for by_control in groups.values()]


def _summary(by_control: dict[str, Score]) -> SummaryRow:
    first = next(iter(by_control.values()))
    return SummaryRow(
        task=first.task,
        model=first.model,
        language=first.language,
        kind=first.kind,
        protocol=first.protocol,
        metric=first.metric,
        slice=first.slice,
        real=by_control.get("real"),
        controls={control: row for control, row in by_control.items() if control != "real"},
    )
