"""The evaluation runner: asks each question once, under each image control, and keeps the answers."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from dataclasses import fields as fields_of
from pathlib import Path

from doctorsun.data.leak.question import question_of
from doctorsun.errors import DataError
from doctorsun.eval.controls import IMAGE_CONTROLS, Donors, controlled, donors_among
from doctorsun.eval.parts import Parts
from doctorsun.eval.predictions import write_predictions
from doctorsun.eval.prompt import last_reply, prompted
from doctorsun.eval.tasks import Task
from doctorsun.schema import Answer, ImageControl, Message, Prediction, PredictionStatus, Sample, text_part
from doctorsun.text.polarity import bare_polarity

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back for one question.

    Attributes:
        output: the answer; where it failed, why.
        option_logprobs: how likely each option was; empty where who answers cannot tell.
        status: a failed one is asked again next time.
    """

    output: str
    num_tokens: int = 0
    truncated: bool = False
    option_logprobs: tuple[float, ...] = ()
    status: PredictionStatus = "ok"


Answerer = Callable[[Sequence[Sample]], Iterable[tuple[int, Reply]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """Who answers and how: everything that could change an answer to the same question."""

    name: str
    revision: str
    decoding: str


@dataclass(frozen=True, slots=True)
class _Question:
    """A question in the task's words, its row without the answer, its key, and how it is put to the model.

    ``asked`` is None where it cannot be put; the row's output says why.
    """

    sample: Sample
    key: str
    row: Prediction
    asked: Sample | None


def predict(
    samples: Sequence[Sample],
    answer: Answerer,
    *,
    out: Path,
    task: Task,
    model: ModelVersion,
    control: ImageControl = "real",
    on_progress: Progress | None = None,
) -> Path:
    """Ask every question that has no answer yet, and write ``predictions.parquet``.

    Answers are kept in ``parts/`` under a key of question, image, control, model, revision and decoding, so that a
    killed run goes on and nothing stale is taken for an answer. The file holds the answers of this model to these
    samples under every control that has been run; all but the reply is taken from the samples as they are now, so that
    a corrected truth counts for answers that were given before.

    Args:
        samples: the test set, each with its answer; also the pool that shuffled images come from.
        answer: takes samples whose last reply is blank, and whose ``answer`` holds nothing but the options to weigh,
            and gives (index, reply) in any order. Boxes in an output are pixels of the image that was shown.
        out: folder of the task, such as ``eval/phantom``.
        task: its instruction for the sample's language and kind of answer is put to the question.
        model: recorded with each answer.
        control: what is shown in place of the image. A question whose image is not here, or cannot be replaced, is not
            asked; its row has status error and the reason as output.
        on_progress: called with the numbers of questions done and in all.

    Raises:
        DataError: a sample has no gold answer, two share an id, or an answer belongs to no open question.
    """
    _check(samples)
    donors = donors_among(samples)
    with Parts(out / "parts") as parts:
        questions = _as_dependent([_question(sample, control, donors, task, model) for sample in samples])
        waiting = [question for question in questions if not parts.is_answered(question.key)]
        for question in waiting:
            if question.asked is None and parts.rows.get(question.key) != question.row:
                parts.add(question.key, question.row)
        _ask([question for question in waiting if question.asked], answer, parts, len(samples), on_progress)
    path = out / "predictions.parquet"
    write_predictions(path, list(_answered(questions, parts.rows, donors, task, model)))
    return path


def _check(samples: Sequence[Sample]) -> None:
    seen: set[str] = set()
    for sample in samples:
        if sample.id in seen:
            raise DataError(f"sample {sample.id}", got="two samples of this id", expected="one")
        seen.add(sample.id)


def _ask(
    questions: Sequence[_Question], answer: Answerer, parts: Parts, total: int, on_progress: Progress | None
) -> None:
    """Put the questions and keep the answers as they come; those that never come are errors."""
    waiting = dict(enumerate(questions))
    for index, reply in answer([question.asked for question in questions if question.asked]):
        question = waiting.pop(index, None)
        if question is None:
            raise DataError(
                f"answer number {index}", got="no open question of this number", expected="one answer to each question"
            )
        parts.add(question.key, replace(question.row, **asdict(reply)))
        if on_progress:
            on_progress(total - len(waiting), total)
    for question in waiting.values():
        parts.add(question.key, replace(question.row, output="the model gave no answer"))


def _answered(
    questions: Sequence[_Question], kept: Mapping[str, Prediction], donors: Donors, task: Task, model: ModelVersion
) -> Iterator[Prediction]:
    """Yield the rows of the questions under every control that they have been asked under, with the replies kept."""
    for control in IMAGE_CONTROLS:
        for question in questions:
            reply = kept.get(_key(question.sample, control, donors, task, model))
            if reply:
                fields = {each.name: getattr(reply, each.name) for each in fields_of(Reply)}
                yield replace(question.row, image_control=control, **fields)


def _question(sample: Sample, control: ImageControl, donors: Donors, task: Task, model: ModelVersion) -> _Question:
    question, sample = question_of(sample), prompted(sample, task)
    key = _key(sample, control, donors, task, model)
    row = replace(_row(sample, control, task, model), question=question)
    try:
        shown = controlled(sample, control, donors)
    except DataError as error:
        return _Question(sample, key, replace(row, output=error.text()), None)
    return _Question(sample, key, row, _without_reply(shown))


def _row(sample: Sample, control: ImageControl, task: Task, model: ModelVersion) -> Prediction:
    """Return the row of a question that has not been answered."""
    if sample.answer is None or not sample.answer.gold:
        raise DataError(f"sample {sample.id}", got="no gold answer", expected="samples that can be scored")
    return Prediction(
        id=sample.id,
        task=task.name,
        language=sample.language,
        kind=sample.answer.kind,
        question=question_of(sample),
        options=sample.answer.options,
        gold=sample.answer.gold,
        output="",
        cluster=_cluster(sample),
        status="error",
        question_type=sample.task,
        modality=sample.modality,
        anatomy=sample.anatomy,
        variant_of=sample.variant.of if sample.variant else "",
        variant_kind=sample.variant.kind if sample.variant else "",
        prompt="\n".join(message.text for message in sample.messages[: last_reply(sample.messages)]),
        model=model.name,
        revision=model.revision,
        decoding=model.decoding,
        image_control=control,
    )


def _as_dependent(questions: Sequence[_Question]) -> list[_Question]:
    """Give each variant the cluster of its original: an attacked picture is another file of the same picture."""
    clusters = {question.row.id: question.row.cluster for question in questions}
    return [
        replace(question, row=replace(row, cluster=clusters.get(row.variant_of, row.cluster)))
        for question in questions
        for row in [question.row]
    ]


def _cluster(sample: Sample) -> str:
    """Return what makes answers dependent: the first image, else the article, else the question itself."""
    image = sample.images[0] if sample.images else None
    return (image.sha256[:16] or image.path if image else sample.groups.article) or sample.id


def as_asked(sample: Sample, task: Task) -> Sample:
    """Return a question as it is put to a model: in the task's words, without its reply and without the truth."""
    return _without_reply(prompted(sample, task))


def _without_reply(sample: Sample) -> Sample:
    """Blank the last reply and take the truth away; the options to weigh stay."""
    last = last_reply(sample.messages)
    blank = (Message(role="assistant", content=(text_part(""),)),)
    options = _options(sample)
    answer = Answer(kind=sample.answer.kind, gold=(), options=options) if sample.answer and options else None
    return replace(sample, messages=sample.messages[:last] + blank, answer=answer)


def _options(sample: Sample) -> tuple[str, ...]:
    """Return the options whose likelihoods are wanted: those of the question, or yes and no where it asks for them."""
    answer = sample.answer
    if answer is None or answer.kind not in ("mcq", "closed"):
        return ()
    if answer.options or answer.kind == "mcq" or not all(bare_polarity(gold) for gold in answer.gold):
        return answer.options
    return ("是", "否") if sample.language == "zh" else ("yes", "no")


def _key(sample: Sample, control: ImageControl, donors: Donors, task: Task, model: ModelVersion) -> str:
    """Return the SHA-256 of everything that an answer depends on."""
    turns = [
        [message.role, [[part.type, part.text] for part in message.content]]
        for message in sample.messages[: last_reply(sample.messages)]
    ]
    shown = [image.sha256 for image in sample.images]
    if control == "shuffled":
        shown += [image.sha256 for image in donors.images_for(sample)]
    content = [task.name, sample.id, turns, _options(sample), shown, control]
    content += [model.name, model.revision, model.decoding]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()
