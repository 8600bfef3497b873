"""Protocols of option likelihoods: mcq_loglik@1, mcq_loglik_norm@1 and closed_loglik@1."""

import math
from collections.abc import Sequence
from string import ascii_uppercase

from doctorsun.errors import DataError
from doctorsun.eval.protocols.polarity import judge_text
from doctorsun.eval.protocols.verdict import Protocol, Verdict
from doctorsun.schema import Prediction
from doctorsun.text.polarity import LEXICON_1, bare_polarity


def judge_mcq_loglik_1(prediction: Prediction) -> Verdict:
    """Judge the option that the model finds likeliest; two that are exactly as likely choose none (invalid)."""
    return _chosen(prediction, _logprobs(prediction, len(prediction.options)))


def judge_mcq_loglik_norm_1(prediction: Prediction) -> Verdict:
    """Judge the option of the highest log-probability per character of its text (acc_norm of lm-eval).

    It is meant for likelihoods of the whole option; those of bare letters need no norm.
    """
    logprobs = _logprobs(prediction, len(prediction.options))
    lengths = (max(1, len(option)) for option in prediction.options)
    return _chosen(prediction, [logprob / length for logprob, length in zip(logprobs, lengths, strict=True)])


def judge_closed_loglik_1(prediction: Prediction) -> Verdict:
    """Judge whether yes is likelier than no; golds that are neither are judged by their text, as polarity@2 does.

    The likelihoods are those of the options, or of yes and no in this order where the question has none.
    """
    golds = {bare_polarity(gold, LEXICON_1) for gold in prediction.gold}
    if None in golds:
        return judge_text(prediction)
    words = [bare_polarity(option, LEXICON_1) for option in _closed_options(prediction)]
    best = _argmax(_logprobs(prediction, len(words)))
    said = None if best is None else words[best]
    return Verdict(values={"accuracy": float(said in golds)}, invalid=said is None, said=said or "")


def is_told(prediction: Prediction) -> bool:
    """Say whether an answer to a choice or a closed question tells what these protocols ask for, or failed."""
    if prediction.status != "ok" or (prediction.kind == "closed" and None in map(bare_polarity, prediction.gold)):
        return True
    options = prediction.options if prediction.kind == "mcq" else _closed_options(prediction)
    return 0 < len(options) == len(prediction.option_logprobs)


def _closed_options(prediction: Prediction) -> tuple[str, ...]:
    return prediction.options or ("yes", "no")


def _chosen(prediction: Prediction, scores: Sequence[float]) -> Verdict:
    best = _argmax(scores)
    said = "" if best is None else ascii_uppercase[best]
    golds = {letter.strip().upper() for letter in prediction.gold}
    return Verdict(values={"accuracy": float(said in golds)}, invalid=not said, said=said)


def _argmax(scores: Sequence[float]) -> int | None:
    """Return the place of the greatest score; None where two share it or one is not a number."""
    if any(math.isnan(score) for score in scores):
        return None
    best = [index for index, score in enumerate(scores) if score == max(scores)]
    return best[0] if len(best) == 1 else None


def _logprobs(prediction: Prediction, num_options: int) -> tuple[float, ...]:
    if not num_options or len(prediction.option_logprobs) != num_options:
        raise DataError(
            f"prediction {prediction.id}: option_logprobs",
            got=f"{len(prediction.option_logprobs)} values for {num_options} options",
            expected="the log-probability of each option, in their order",
            do="ask the questions again with option likelihoods, or name a protocol that reads texts",
        )
    return prediction.option_logprobs


MCQ_LOGLIK_1 = Protocol(
    name="mcq_loglik@1", kinds=("mcq",), metrics=("accuracy",), rule=judge_mcq_loglik_1, needs_likelihoods=True
)
MCQ_LOGLIK_NORM_1 = Protocol(
    name="mcq_loglik_norm@1",
    kinds=("mcq",),
    metrics=("accuracy",),
    rule=judge_mcq_loglik_norm_1,
    needs_likelihoods=True,
)
CLOSED_LOGLIK_1 = Protocol(
    name="closed_loglik@1",
    kinds=("closed",),
    metrics=("accuracy",),
    rule=judge_closed_loglik_1,
    needs_likelihoods=True,
)
