"""Small samples under examination, for the tests of steps."""

import io
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from doctorsun.data.curate.candidate import Candidate
from doctorsun.image.raster import image_record
from doctorsun.schema import Message, Role, Sample, Source, image_part, text_part


def said(*turns: str, **fields: Any) -> Candidate:
    """Return a conversation; the user begins."""
    roles: tuple[Role, Role] = ("user", "assistant")
    messages = tuple(Message(role=roles[number % 2], content=(text_part(words),)) for number, words in enumerate(turns))
    return Candidate(Sample(**{"id": "a", "messages": messages, "source": Source(dataset="made"), **fields}))


def shown(*files: bytes, **fields: Any) -> Candidate:
    """Return a question about pictures."""
    images = tuple(image_record(each) for each in files)
    turn = Message(role="user", content=(*[image_part()] * len(images), text_part("What is shown?")))
    return Candidate(Sample(id="a", messages=(turn,), images=images, source=Source(dataset="made"), **fields))


def encoded(pixels: NDArray[np.uint8], form: str = "PNG", **options: Any) -> bytes:
    """Return a picture's file."""
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, form, **options)
    return file.getvalue()
