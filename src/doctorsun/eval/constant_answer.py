"""The constant control: the answer that earns most without a look at any question."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

from doctorsun.eval.protocols import Protocol
from doctorsun.schema import Prediction


def best_constant(rows: Sequence[Prediction], protocol: Protocol) -> list[Prediction]:
    """Return the questions with the one of the protocol's constant answers that earns most on these very questions."""
    answered = [[_answered(row, text) for row in rows] for text in protocol.constants]
    return max(answered, key=lambda same: fmean(protocol.judge(row).values[protocol.metrics[0]] for row in same))


def _answered(row: Prediction, text: str) -> Prediction:
    decoding = "best constant answer"
    return replace(row, output=text, status="ok", decoding=decoding, num_tokens=0, truncated=False, option_logprobs=())
