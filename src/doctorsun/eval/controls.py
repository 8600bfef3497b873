"""Image controls: the same questions about a blank image, noise, the image of another patient, or without an image."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from doctorsun.errors import DataError, RecipeError
from doctorsun.image.raster import encode_png, image_record
from doctorsun.schema import Image, ImageControl, Sample

IMAGE_CONTROLS: tuple[ImageControl, ...] = ("real", "blank", "noise", "shuffled", "none")

_MID_GREY = 128
_NOISE_CELLS = 24
_ImageKey = tuple[str, ...]


def image_controls(text: str) -> tuple[ImageControl, ...]:
    """Return the image controls that a list with commas names, in the order of `IMAGE_CONTROLS`.

    Raises:
        RecipeError: it names none, or something else.
    """
    named = {word.strip() for word in text.split(",") if word.strip()}
    unknown = sorted(named.difference(IMAGE_CONTROLS))
    if unknown or not named:
        got = ", ".join(unknown) or repr(text)
        raise RecipeError("image", got=got, expected=f"some of {', '.join(IMAGE_CONTROLS)}, with commas")
    return tuple(control for control in IMAGE_CONTROLS if control in named)


@dataclass(frozen=True, slots=True)
class Donors:
    """For each patient's images, the images of another patient of the same modality that stand in for them."""

    images: dict[tuple[str, _ImageKey], tuple[Image, ...]]

    def images_for(self, sample: Sample) -> tuple[Image, ...]:
        """Return the images that stand in for the sample's own; none where no other patient can lend any."""
        return self.images.get((_owner(sample), _image_key(sample)), ())


def donors_among(samples: Iterable[Sample]) -> Donors:
    """Pair the images of each patient with those of another one of the same modality and number of images.

    Patients stand in a ring in the order of a hash of their name, and each takes the images of the next one, so that
    every image is used about equally often and the pairing depends on nothing but the samples. Where no patient is
    named, the study, the article or the image itself stands for one. Unknown modalities get no donor.
    """
    rings: dict[tuple[str, int], dict[str, dict[_ImageKey, tuple[Image, ...]]]] = defaultdict(dict)
    for sample in samples:
        if sample.images and sample.modality and not _lacking(sample):
            owned = rings[sample.modality, len(sample.images)].setdefault(_owner(sample), {})
            owned.setdefault(_image_key(sample), sample.images)
    pairs: dict[tuple[str, _ImageKey], tuple[Image, ...]] = {}
    for ring in rings.values():
        owners = sorted(ring, key=_scrambled)
        for place, owner in enumerate(owners):
            others = owners[place + 1 :] + owners[:place]
            for number, key in enumerate(sorted(ring[owner])):
                donor = _donor(key, number, [ring[other] for other in others])
                if donor:
                    pairs[owner, key] = donor
    return Donors(pairs)


def controlled(sample: Sample, control: ImageControl, donors: Donors) -> Sample:
    """Return the sample with the images that the control prescribes.

    Args:
        sample: the question with its real images.
        control: real keeps them; blank is mid-grey and noise a grid of random greys, both of the same size; shuffled
            takes the donor's.
        donors: see donors_among.

    Raises:
        DataError: an image is not here, the sample has none to replace, or no other patient can lend one.
    """
    if control != "real" and not sample.images:
        raise DataError(f"control {control} of sample {sample.id}", got="a question without an image")
    if control == "none":
        return _without_images(sample)
    if lacking := _lacking(sample):
        got, do = f"no file for {', '.join(lacking)}", "complete the images"
        raise DataError(f"images of sample {sample.id}", got=got, expected="every image of the question", do=do)
    if control == "real":
        return sample
    if control == "shuffled":
        return replace(sample, images=_borrowed(sample, donors))
    make = blank_image if control == "blank" else noise_image
    return replace(sample, images=tuple(make(image) for image in sample.images))


def blank_image(image: Image) -> Image:
    """Return a mid-grey image (uint8 [height, width], all 128) of the same size."""
    return _blank(image.width, image.height)


def noise_image(image: Image) -> Image:
    """Return noise (uint8 [height, width]) of the same size, seeded by the image's own hash.

    It is a grid of 24 x 24 uniform greys: noise of single pixels would be averaged to an even grey where an image is
    made smaller for the model, and be a second blank.
    """
    return _noise(image.sha256, image.width, image.height)


@lru_cache(maxsize=512)  # the many questions about one image share its stand-in
def _noise(sha256: str, width: int, height: int) -> Image:
    rng = np.random.default_rng(int(sha256[:16], 16))
    cells = rng.integers(0, 256, size=(_NOISE_CELLS, _NOISE_CELLS), dtype=np.uint8)
    rows, columns = (np.arange(length) * _NOISE_CELLS // length for length in (height, width))
    return image_record(encode_png(cells[np.ix_(rows, columns)]))


@lru_cache(maxsize=512)
def _blank(width: int, height: int) -> Image:
    return image_record(encode_png(np.full((height, width), _MID_GREY, dtype=np.uint8)))


def _lacking(sample: Sample) -> list[str]:
    """Return the paths of the images that are only references."""
    return [image.path for image in sample.images if image.bytes is None]


def _without_images(sample: Sample) -> Sample:
    messages = tuple(
        replace(message, content=tuple(part for part in message.content if part.type == "text"))
        for message in sample.messages
    )
    return replace(sample, images=(), messages=messages)


def _borrowed(sample: Sample, donors: Donors) -> tuple[Image, ...]:
    images = donors.images_for(sample)
    if not images:
        raise DataError(
            f"control shuffled of sample {sample.id}",
            got=f"no other patient with {len(sample.images)} image(s) of modality {sample.modality!r}",
        )
    return images


def _donor(
    key: _ImageKey, number: int, others: Sequence[dict[_ImageKey, tuple[Image, ...]]]
) -> tuple[Image, ...] | None:
    """Return the images that the next owner in the ring lends; one who holds the very same file lends nothing."""
    for owned in others:
        keys = sorted(other for other in owned if not set(other) & set(key))
        if keys:
            return owned[keys[number % len(keys)]]
    return None


def _owner(sample: Sample) -> str:
    groups = sample.groups
    return groups.patient or groups.study or groups.article or " ".join(_image_key(sample))


def _image_key(sample: Sample) -> _ImageKey:
    return tuple(image.sha256 for image in sample.images)


def _scrambled(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
