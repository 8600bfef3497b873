"""Evaluation of a model behind a server that speaks the OpenAI chat API."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from doctorsun.config import EvaluationSection
from doctorsun.config.task import Task
from doctorsun.endpoint.client import Endpoint, EndpointClient
from doctorsun.errors import RecipeError, RequestError
from doctorsun.eval.predictions import read_predictions
from doctorsun.eval.runner import ModelVersion, Reply
from doctorsun.generate.remote import answer_samples_remotely
from doctorsun.processor.boxes import boxes_in_pixels
from doctorsun.processor.image_processor import FITS, Fit, Frame, ImageProcessor, whole_picture
from doctorsun.recipes.chat import API_KEY_VARIABLE
from doctorsun.recipes.evaluate import EvaluationProgress, decoding_of, reply_of
from doctorsun.recipes.evaluate_weights import take_exams
from doctorsun.recipes.evaluation_extras import Extras
from doctorsun.schema import ImageControl, Sample

_NO_LIST = ("status 404", "status 405", "status 501")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteModel:
    """A model on a server, and how hard it may be asked.

    Attributes:
        revision: names its weights exactly; the same name and revision are the same model on every server.
        num_parallel: questions under way at once.
        max_per_minute: questions sent in a minute, those sent again included.
    """

    url: str
    name: str
    revision: str = ""
    num_parallel: int = 8
    max_per_minute: float | None = None

    def endpoint(self) -> Endpoint:
        """Return where to ask; the key comes from the environment variable ``DOCTORSUN_API_KEY``."""
        key = os.environ.get(API_KEY_VARIABLE)
        return Endpoint(url=self.url, model=self.name, api_key=key, max_per_minute=self.max_per_minute)


class RemoteExaminee:
    """A server's model that answers questions."""

    def __init__(
        self, model: RemoteModel, client: EndpointClient, *, frame_of: Callable[[int, int], Frame], max_tokens: int
    ) -> None:
        self._model = model
        self._frame_of = frame_of
        self._client = client
        self._max_tokens = max_tokens
        self.version = ModelVersion(name=model.name, revision=model.revision, decoding=decoding_of(max_tokens))

    def for_task(self, task: Task) -> "RemoteExaminee":
        """Return the same model with answers as long as the task's page says."""
        if task.max_tokens is None:
            return self
        other = copy(self)
        other._max_tokens = task.max_tokens  # noqa: SLF001 (a copy of this class)
        other.version = replace(self.version, decoding=decoding_of(task.max_tokens))
        return other

    def answer(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Reply]]:
        """Answer samples in any order, boxes in pixels of the first image; what fails is said in the reply."""
        parallel = self._model.num_parallel
        for answer in answer_samples_remotely(self._client, samples, self._max_tokens, num_parallel=parallel):
            shown = samples[answer.index].images
            frame = self._frame_of(shown[0].width, shown[0].height) if shown else None
            yield answer.index, reply_of(answer, boxes_in_pixels(answer.text, frame) if frame else answer.text)


def evaluate_endpoint(
    model: RemoteModel,
    tasks: Mapping[str, Path],
    *,
    out: Path,
    controls: Sequence[ImageControl],
    on_progress: EvaluationProgress,
    tell: Callable[[str], None],
    extras: Extras | None = None,
) -> list[Path]:
    """Ask a server's model the questions of tasks under image controls; return the files of scores.

    Questions that failed are rows of status error, count as wrong, and are asked again by the next call.

    Args:
        model: where and whom to ask.
        tasks: as for `evaluate_weights`.
        out: as for `evaluate_weights`; the answers of another model are not replaced.
        controls: as for `evaluate_weights`.
        on_progress: told of every answer.
        tell: told what is left out, and how many questions failed.
        extras: what is wanted beyond scores.

    Raises:
        RequestError: the server cannot be reached, does not offer the model, or failed many times in a row.
        RecipeError: a calibration is wanted, or as of `evaluate_weights`.
        DataError: as of `evaluate_weights`.
    """
    extras = extras or Extras()
    if extras.is_calibrated:
        raise RecipeError(
            "--calibrate", got="--endpoint", expected="weights on this machine", do="leave --calibrate out"
        )
    with ExitStack() as closing:
        client = closing.enter_context(EndpointClient(model.endpoint()))
        frame_of = _frames(_card(client, model))
        examinee = RemoteExaminee(model, client, frame_of=frame_of, max_tokens=EvaluationSection().max_tokens)
        files = take_exams(
            examinee, tasks, out=out, controls=controls, on_progress=on_progress, tell=tell, extras=extras, weights=None
        )
    for file in files:
        rows = read_predictions(file.with_name("predictions.parquet"))
        num_failed = sum(row.status == "error" for row in rows)
        if num_failed:
            tell(f"{file.parent.name}: {num_failed} of {len(rows)} questions failed; call again to ask them again")
    return files


def _card(client: EndpointClient, model: RemoteModel) -> Mapping[str, Any]:
    """Return what the server says of the model; refuse one that tells its models, and not this; some have no list."""
    try:
        cards = client.models()
    except RequestError as error:
        if error.got.startswith(_NO_LIST):
            return {}
        raise
    if model.name not in cards:
        raise RequestError(f"model of {model.url}", got=repr(model.name), expected="one of " + ", ".join(cards))
    return cards[model.name]


def _frames(card: Mapping[str, Any]) -> Callable[[int, int], Frame]:
    """Return how images lie in what the model's boxes are thousandths of: as our server tells, or the whole picture."""
    size = card.get("image_size")
    fit: Fit | None = next((fit for fit in FITS if fit == card.get("image_fit")), None)
    if isinstance(size, int) and fit:
        return ImageProcessor(size=size, fit=fit).frame
    return whole_picture
