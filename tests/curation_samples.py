"""Samples, sketches and second looks for the tests of the steps on all samples together."""

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import PIL.Image
import pyarrow as pa

from doctorsun.data.curate.candidate import Candidate
from doctorsun.data.curate.sketch import SKETCH_SCHEMA, sketch_of
from doctorsun.data.curate.sketches import Sketches
from doctorsun.image.raster import image_record
from doctorsun.schema import Groups, Image, Message, Sample, Source, image_part, text_part


def picture(seed: int) -> PIL.Image.Image:
    """Return a picture with structure, 96 wide and 80 high."""
    coarse = np.random.default_rng(seed).integers(0, 256, size=(15, 17), dtype=np.uint8)
    return PIL.Image.fromarray(coarse).resize((96, 80), PIL.Image.Resampling.BICUBIC)


def encoded(shown: PIL.Image.Image, name: str = "PNG", **settings: int) -> Image:
    buffer = io.BytesIO()
    shown.save(buffer, name, **settings)
    return image_record(buffer.getvalue())


def film(seed: int) -> Image:
    return encoded(picture(seed))


def copy_of(seed: int) -> Image:
    """Return the same picture in another coding."""
    return encoded(picture(seed), "JPEG", quality=60)


def sample(id_: str, *images: Image, words: str = "What is shown?", **fields: object) -> Sample:
    """Return a sample; ``dataset``, ``split``, ``patient``, ``study``, ``article`` go where they belong."""
    source = Source(dataset=str(fields.pop("dataset", "cells")), split=str(fields.pop("split", "train")))
    groups = Groups(**{name: str(fields.pop(name)) for name in ("patient", "study", "article") if name in fields})
    turns = (Message(role="user", content=(*[image_part() for _ in images], text_part(words))),)
    return replace(Sample(id=id_, messages=turns, images=images, source=source, groups=groups), **fields)


def table_of(samples: Sequence[Sample], places: Sequence[int]) -> pa.Table:
    """Return the sketches of samples as a file holds them."""
    rows = [sketch_of(place, Candidate(shown)) for place, shown in zip(places, samples, strict=True)]
    return pa.Table.from_pylist(rows, schema=SKETCH_SCHEMA)


def sketches_of(samples: Sequence[Sample]) -> Sketches:
    return Sketches([table_of(samples, range(len(samples))).select])


class Looked:
    """A second look at samples in memory, by their places."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples = samples

    def picture(self, place: int, number: int) -> bytes | None:
        return self.samples[place].images[number].bytes

    def sample(self, place: int) -> Sample:
        return self.samples[place]
