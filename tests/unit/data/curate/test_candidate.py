from dataclasses import replace

import numpy as np
import pytest

from doctorsun.data.curate.candidate import Candidate
from doctorsun.errors import ImageError
from doctorsun.image.raster import encode_png, image_record
from doctorsun.schema import Image, Message, Sample, Source, image_part, text_part


def sample(*images: Image) -> Sample:
    turns = (
        Message(role="user", content=(*[image_part() for _ in images], text_part("What is shown?"))),
        Message(role="assistant", content=(text_part("A cell."),)),
    )
    return Sample(id="a", messages=turns, images=images, source=Source(dataset="cells"))


def picture() -> Image:
    return image_record(encode_png(np.arange(35, dtype=np.uint8).reshape(5, 7)))


def test_words_of_all_turns_stand_on_lines_of_their_own() -> None:
    assert Candidate(sample()).words == "What is shown?\nA cell."


def test_images_are_decoded_once_and_kept_where_only_the_words_change() -> None:
    candidate = Candidate(sample(picture()))
    (shown,) = candidate.images
    assert shown.picture.size == (7, 5)
    other = candidate.with_sample(replace(candidate.sample, messages=candidate.sample.messages[1:]))
    assert other.words == "A cell."
    assert other.images[0] is shown
    assert candidate.with_sample(candidate.sample) is candidate


def test_other_images_are_decoded_anew() -> None:
    candidate = Candidate(sample(picture()))
    assert candidate.images
    wide = image_record(encode_png(np.zeros((3, 11), np.uint8)))
    assert candidate.with_sample(replace(candidate.sample, images=(wide,))).images[0].picture.size == (11, 3)


def test_an_image_that_is_not_here_has_no_picture() -> None:
    reference = Image(bytes=None, sha256="", width=0, height=0, path="a/b.png")
    with pytest.raises(ImageError, match=r"image a/b.png: got a reference without bytes, expected the image itself; "):
        _ = Candidate(sample(reference)).images
