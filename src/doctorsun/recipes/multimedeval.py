"""A model for MultiMedEval: the callable that its engine asks, in the shapes of its versions 0.1 and 1.0."""

import io
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import PIL.Image

from doctorsun.config import EvaluationSection
from doctorsun.errors import DataError
from doctorsun.generate.chat import answer_samples
from doctorsun.image.raster import PNG_COMPRESSION, image_record
from doctorsun.recipes.evaluate import Examinee
from doctorsun.schema import Image, Message, Part, Sample, Source, image_part, text_part
from doctorsun.weights.folder import find_weights

logger = logging.getLogger(__name__)

IMAGE_MARK = "<img>"


def batcher(weights: Path, *, max_tokens: int = EvaluationSection().max_tokens) -> Callable[[Sequence[Any]], list[Any]]:
    """Return what MultiMedEval's engine takes as its model.

    A prompt is a tuple of conversation and images (0.1), which is answered by a text, or a ``BatcherInput`` (1.0),
    which is answered by the ``BatcherOutput`` beside it. A prompt that is too long for the model has an empty answer,
    and a warning tells so.

    Args:
        weights: a folder of weights, or of a run that has some; they are loaded by the first call.
        max_tokens: of an answer.

    Raises:
        RequestError: there are no weights.
    """
    batch = EvaluationSection().batch
    examinee = Examinee(find_weights(weights), name=weights.resolve().name, max_tokens=max_tokens, batch=batch)

    def answer(prompts: Sequence[Any]) -> list[Any]:
        samples = [_sample(str(number), prompt) for number, prompt in enumerate(prompts)]
        texts = [""] * len(samples)
        for found in answer_samples(examinee.engine, examinee.processor, samples, max_tokens) if samples else ():
            texts[found.index] = found.text
            if found.error:
                logger.warning("prompt %d has no answer: %s", found.index, found.error)
        return [_as_wanted(text, prompt) for text, prompt in zip(texts, prompts, strict=True)]

    return answer


def _sample(name: str, prompt: Any) -> Sample:
    """Return a prompt as a sample whose last reply is blank."""
    conversation, shown = prompt if isinstance(prompt, tuple) else (prompt.conversation, prompt.images)
    images = [_image(each, name) for each in shown or ()]
    num_marks = sum(turn["content"].count(IMAGE_MARK) for turn in conversation)
    if num_marks != len(images):
        raise DataError(
            f"prompt {name}",
            got=f"{num_marks} {IMAGE_MARK} and {len(images)} images",
            expected="one mark for each image",
            do="leave this task out",
        )
    messages = [Message(role=turn["role"], content=tuple(_parts(turn["content"]))) for turn in conversation]
    blank = Message(role="assistant", content=(text_part(""),))
    return Sample(id=name, messages=(*messages, blank), images=tuple(images), source=Source(dataset="multimedeval"))


def _parts(text: str) -> Iterator[Part]:
    """Put an image in the place of each mark."""
    for number, words in enumerate(text.split(IMAGE_MARK)):
        if number:
            yield image_part()
        if words.strip():
            yield text_part(words.strip())


def _image(picture: Any, name: str) -> Image:
    if not isinstance(picture, PIL.Image.Image):
        raise DataError(
            f"image of prompt {name}",
            got=type(picture).__name__,
            expected="a picture of Pillow",
            do="leave out the tasks on volumes: the model reads pictures",
        )
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=PNG_COMPRESSION)
    return image_record(file.getvalue())


def _as_wanted(text: str, prompt: Any) -> Any:
    """Return an answer in the shape that goes with the prompt's."""
    return text if isinstance(prompt, tuple) else sys.modules[type(prompt).__module__].BatcherOutput(text=text)
