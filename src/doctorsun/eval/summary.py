"""The summary of scores: the model beside its controls, and the margin over the best of them."""

from collections.abc import Mapping
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
