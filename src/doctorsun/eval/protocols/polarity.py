"""Protocol polarity@1: closed questions by the yes or no that the answer states, else by exact text."""

from doctorsun.eval.protocols.verdict import Protocol, Verdict
from doctorsun.schema import Prediction
from doctorsun.text.normalize import exact_form, without_reasoning
from doctorsun.text.polarity import LEXICON_1, bare_polarity, polarity


def judge_polarity_1(prediction: Prediction) -> Verdict:
    """Judge a closed answer.

    Where every gold answer is a bare word for yes or no, the answer's own polarity counts, in either language,
    and an answer that states none or both is invalid. Other golds (``left``, ``MRI``) ask for the same text
    after normalisation; only an empty answer is invalid then.
    """
    golds = {bare_polarity(gold, LEXICON_1) for gold in prediction.gold}
    if None not in golds:
        said = polarity(prediction.output, LEXICON_1)
        return Verdict(values={"accuracy": float(said in golds)}, invalid=said is None)
    form = exact_form(without_reasoning(prediction.output))
    right = bool(form) and form in {exact_form(gold) for gold in prediction.gold}
    return Verdict(values={"accuracy": float(right)}, invalid=not form)


POLARITY_1 = Protocol(name="polarity@1", kinds=("closed",), metrics=("accuracy",), rule=judge_polarity_1)
