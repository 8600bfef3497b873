"""Makers of predictions and samples for the tests of evaluation."""

import hashlib
import io

import numpy as np
import pytest
from PIL import Image as PillowImage

from doctorsun.schema import (
    Answer,
    Groups,
    Image,
    Message,
    Prediction,
    Sample,
    Source,
    image_part,
    text_part,
)


def png_image(level: int, width: int = 5, height: int = 3) -> Image:
    buffer = io.BytesIO()
    PillowImage.fromarray(np.full((height, width), level, dtype=np.uint8)).save(buffer, "PNG")
    data = buffer.getvalue()
    return Image(bytes=data, sha256=hashlib.sha256(data).hexdigest(), width=width, height=height)


@pytest.fixture
def make_image():
    return png_image


@pytest.fixture
def make_prediction():
    """Return a maker of closed English predictions; every field can be given."""

    def make(**fields):
        defaults = {
            "id": "1",
            "task": "phantom",
            "language": "en",
            "kind": "closed",
            "question": "Is there a nodule?",
            "options": (),
            "gold": ("yes",),
            "output": "Yes.",
            "cluster": "image-1",
        }
        return Prediction(**{**defaults, **fields})

    return make


@pytest.fixture
def make_sample():
    """Return a maker of samples: a number, which also sets the grey level of its image, and any field."""

    def make(number: int = 0, *, question: str = "Is there a nodule?", patient: str | None = None, **fields):
        image = fields.pop("image", png_image(number))
        defaults = {
            "id": f"sample-{number}",
            "messages": (
                Message(role="user", content=(image_part(), text_part(question))),
                Message(role="assistant", content=(text_part("Yes."),)),
            ),
            "source": Source(dataset="made"),
            "images": (image,) if image else (),
            "answer": Answer(kind="closed", gold=("yes",)),
            "task": "presence:nodule",
            "modality": "xray",
            "groups": Groups(patient=f"patient-{number}" if patient is None else patient),
        }
        return Sample(**{**defaults, **fields})

    return make
