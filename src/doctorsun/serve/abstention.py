"""How sure the model is of its choice between options, and when it is better not to answer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, inf, isfinite
from pathlib import Path
from typing import Any, Literal

from doctorsun.errors import RecipeError, WeightsError
from doctorsun.serve.engine import Question
from doctorsun.text.language import has_han
from doctorsun.text.polarity import bare_polarity
from doctorsun.weights.folder import CALIBRATION

_LEAST_SHARE = 0.5
"""Of all beginnings of an answer, the share that the options must have: else the model does not write them, and which
of them is the likelier tells nothing of its answer."""

Withheld = Literal["unsure", "no_threshold", "other_words", "not_told"]
"""Why an answer is withheld: the probability is below the threshold; no threshold holds the risk for questions of this
kind; the model does not write its answer as one of the options; or the engine does not tell their likelihoods."""

_SENTENCES: dict[Withheld, dict[str, str]] = {
    "unsure": {
        "zh": "我对这个问题没有足够的把握，因此不作回答。请由医生判断。",
        "en": "I am not sure enough of the answer to this question and do not give one. Please ask a clinician.",
    },
    "no_threshold": {
        "zh": "评估未能为这类问题找到足够可靠的置信度，因此一律不作回答。请由医生判断。",
        "en": "For questions of this kind no confidence was found to be reliable enough, and none of them is answered. "
        "Please ask a clinician.",
    },
    "other_words": {
        "zh": "模型没有用所给选项来回答这个问题，无法得知其把握，因此不作回答。请由医生判断。",
        "en": "The model does not answer this question with one of the choices, and how sure it is cannot be told. "
        "No answer is given; please ask a clinician.",
    },
    "not_told": {
        "zh": "引擎没有给出各选项的可能性，无法得知模型的把握，因此不作回答。请由医生判断。",
        "en": "The engine does not tell how likely each choice is, and how sure the model is cannot be told. "
        "No answer is given; please ask a clinician.",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """How sure the model is of its choice.

    Attributes:
        option: the likeliest of the question's options; None where the engine does not tell likelihoods, or the answer
            more likely than not begins with none of the options.
        probability: of that option, one against the other; None where there is none.
        withheld: why the answer is not given; None where it is.
        calibrated: whether the probability was corrected by what was measured on questions with known answers.
    """

    option: str | None
    probability: float | None
    withheld: Withheld | None
    calibrated: bool

    @property
    def abstained(self) -> bool:
        """Whether the answer is not given."""
        return self.withheld is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What an evaluation found about the likelihoods of options, by kind of question (closed, mcq).

    Attributes:
        temperatures: log-probabilities are divided by them.
        thresholds: least probability that is answered; None where no threshold held the risk.
        target_risk: share of wrong answers that is accepted; None answers always.
    """

    temperatures: Mapping[str, float] = field(default_factory=dict[str, float])
    thresholds: Mapping[str, float | None] = field(default_factory=dict[str, float | None])
    target_risk: float | None = None

    def judge(self, question: Question, logprobs: Sequence[float]) -> Confidence:
        """Return how sure the model is of its choice between a question's options.

        Args:
            question: with options.
            logprobs: that the answer begins with each option; none where the engine does not tell.
        """
        kind = _kind(question.options)
        is_calibrated = kind in self.temperatures
        is_told = len(logprobs) == len(question.options)
        if not is_told or sum(map(exp, logprobs)) < _LEAST_SHARE:
            withheld = self._withheld("other_words" if is_told else "not_told")
            return Confidence(option=None, probability=None, withheld=withheld, calibrated=False)
        shares = _softmax(logprobs, self.temperatures.get(kind, 1.0))
        place = max(range(len(shares)), key=shares.__getitem__)
        return Confidence(
            option=question.options[place],
            probability=shares[place],
            withheld=self._withheld(_below(shares[place], self.thresholds.get(kind))),
            calibrated=is_calibrated,
        )

    def _withheld(self, reason: Withheld | None) -> Withheld | None:
        return None if self.target_risk is None else reason


def refusal_to_answer(question: Question, withheld: Withheld) -> str:
    """Return the sentence that stands for an answer that is withheld, in the question's language."""
    return _SENTENCES[withheld]["zh" if has_han(question.messages[-1].text) else "en"]


def read_calibration(weights: Path, revision: str, target_risk: float | None) -> Calibration:
    """Read ``calibration.json`` beside weights; without a target risk, weights that have none are not calibrated.

    Args:
        weights: a folder of weights.
        revision: of these weights.
        target_risk: share of wrong answers that is accepted.

    Raises:
        RecipeError: no file tells when to abstain for this risk.
        WeightsError: the file is damaged or of other weights.
    """
    path = weights / CALIBRATION
    if not path.is_file():
        if target_risk is None:
            return Calibration()
        do = f"write it with 'doctorsun eval {weights} --task NAME=DIR --out DIR --calibrate'"
        raise RecipeError("--abstain", got=f"no {CALIBRATION} beside the weights", expected="one", do=do)
    kinds = _kinds(path, revision)
    try:
        temperatures = {kind: float(found["temperature"]) for kind, found in kinds.items()}
        thresholds = {} if target_risk is None else _thresholds(kinds, target_risk)
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    if not all(0 < each < inf for each in temperatures.values()):
        raise _damaged(path, f"temperatures {sorted(temperatures.values())}")
    return Calibration(temperatures=temperatures, thresholds=thresholds, target_risk=target_risk)


def _kinds(path: Path, revision: str) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found, kinds = content["revision"], content["kinds"]
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    if found != revision:
        do = "evaluate these weights with --calibrate, or remove the file"
        raise WeightsError(str(path), got=f"a calibration of revision {found}", expected=revision, do=do)
    if not isinstance(kinds, dict):
        raise _damaged(path, "no kinds of questions")
    return kinds


def _thresholds(kinds: Mapping[str, Any], target_risk: float) -> dict[str, float | None]:
    """Return the threshold of each kind for a wanted risk.

    Raises:
        RecipeError: the risk was not looked at, or held for no kind of question.
    """
    by_kind = {
        kind: {float(each["target_risk"]): each["threshold"] for each in found["abstention"]}
        for kind, found in kinds.items()
    }
    offered = sorted({risk for thresholds in by_kind.values() for risk in thresholds})
    if target_risk not in offered:
        raise RecipeError("--abstain", got=str(target_risk), expected=f"one of {', '.join(map(str, offered))}")
    thresholds = {kind: found.get(target_risk) for kind, found in by_kind.items()}
    if all(threshold is None for threshold in thresholds.values()):
        got, expected = f"{target_risk}, which no threshold held", "a risk that these weights can keep"
        raise RecipeError(
            "--abstain", got=got, expected=expected, do="accept a higher risk, or serve without --abstain"
        )
    return thresholds


def _below(probability: float, threshold: float | None) -> Withheld | None:
    if threshold is None:
        return "no_threshold"
    return "unsure" if probability < threshold else None


def _kind(options: Sequence[str]) -> str:
    return "closed" if all(bare_polarity(option) for option in options) else "mcq"


def _softmax(logprobs: Sequence[float], temperature: float) -> list[float]:
    greatest = max(each for each in logprobs if isfinite(each))
    weights = [exp((each - greatest) / temperature) for each in logprobs]
    return [each / sum(weights) for each in weights]


def _damaged(path: Path, got: str) -> WeightsError:
    return WeightsError(
        str(path), got=got, expected="a calibration", do="write it again with 'doctorsun eval --calibrate'"
    )
