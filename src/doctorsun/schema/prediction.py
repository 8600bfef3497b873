"""Prediction: what a model answered to one question; all that scoring needs."""

from dataclasses import dataclass
from typing import Literal

from doctorsun.schema.answer import AnswerKind

ImageControl = Literal["real", "blank", "noise", "shuffled", "none"]
PredictionStatus = Literal["ok", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One answer with the question and the truth beside it; the optional fields follow ``status``.

    Attributes:
        task: the evaluation task, such as ``phantom`` or ``vqa_rad``.
        question_type: the sample's own task, such as ``presence:nodule``; scores are sliced by it.
        gold: closed, open: every accepted answer; mcq, mcq_multi: the right letters.
        variant_of: id of the question that this one puts again; ``variant_kind`` says how: translation, paraphrase,
            negation, rotation (of the options), injection or neutral (words in its place that ask for nothing).
        cluster: image or article id; intervals treat answers of one cluster as dependent.
        image_control: what the model saw in place of the image; nothing at all with ``none``.
        option_logprobs: log-probability of each option, in the order of ``options``; of yes and no where a closed
            question has none.
    """

    id: str
    task: str
    language: str
    kind: AnswerKind
    question: str
    options: tuple[str, ...]
    gold: tuple[str, ...]
    output: str
    cluster: str
    status: PredictionStatus = "ok"
    question_type: str = ""
    modality: str = ""
    anatomy: str = ""
    variant_of: str = ""
    variant_kind: str = ""
    prompt: str = ""
    model: str = ""
    revision: str = ""
    decoding: str = ""
    image_control: ImageControl = "real"
    option_logprobs: tuple[float, ...] = ()
    num_tokens: int = 0
    truncated: bool = False
