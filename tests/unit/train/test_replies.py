"""Samples that are longer than a stage takes: they lose whole turns at their end, never part of an image."""

import numpy as np
import pytest

from doctorsun.errors import DataError, TooLong
from doctorsun.model.forward import PackedForward
from doctorsun.schema import Message, Sample, image_part
from doctorsun.train.pack import PackItem
from doctorsun.train.replies import ReplyObjective
from small_model import assistant, image, png, sample, small_model, small_processor, user

PROCESSOR = small_processor()
FORWARD = PackedForward(small_model(), image_mean=PROCESSOR.images.mean, image_std=PROCESSOR.images.std)
TURNS: list[Message] = [
    user(image_part(), "Is there a nodule?"),
    assistant("Yes."),
    user("Which side?"),
    assistant("Left."),
    user("Which organ?"),
    assistant("The lung."),
]
ASKED = sample("talk", *TURNS, images=[image(png(1))])


def num_tokens(*turns: Message) -> int:
    images = [image(png(number)) for number in range(sum(turn.num_images for turn in turns))]
    return len(PROCESSOR.render(sample("part", *turns, images=images)).ids)


def item(asked: Sample, max_length: int) -> PackItem:
    return ReplyObjective(FORWARD, PROCESSOR, max_length=max_length, pack_tokens=4096).item(asked)


@pytest.mark.parametrize("kept", [1, 2, 3])
@pytest.mark.parametrize("room", [0, 3])
def test_a_long_sample_loses_its_last_turns(kept: int, room: int) -> None:
    turns = TURNS[: 2 * kept]
    got, wanted = item(ASKED, num_tokens(*turns) + room), PROCESSOR.render(sample("x", *turns, images=ASKED.images))
    np.testing.assert_array_equal(got.rendered.ids, wanted.ids)
    np.testing.assert_array_equal(got.rendered.supervised, wanted.supervised)
    assert got.rendered.turn_ends == wanted.turn_ends
    assert (got.rendered.prefix_length, got.lost_turns) == (wanted.prefix_length, 3 - kept)


def test_a_sample_whose_first_turn_does_not_fit_is_too_long() -> None:
    least = num_tokens(*TURNS[:2])
    expected = f"sample talk is too long: got {least} tokens up to the first reply that has all images before it, "
    expected += f"expected at most {least - 1}; raise the stage's max_length, or shorten the sample"
    with pytest.raises(TooLong) as raised:
        item(ASKED, least - 1)
    assert str(raised.value) == expected


def test_a_sample_that_would_lose_an_image_is_too_long() -> None:
    turns = [*TURNS[:2], user("And here?", image_part()), assistant("No."), *TURNS[2:4]]
    asked = sample("two", *turns, images=[image(png(1)), image(png(2))])
    with_both = num_tokens(*turns[:4])
    with pytest.raises(TooLong, match=f"^sample two is too long: got {with_both} tokens"):
        item(asked, with_both - 1)
    assert item(asked, with_both).lost_turns == 1


def test_a_long_document_is_too_long() -> None:
    text = sample("text", assistant("The lung. " * 30))
    with pytest.raises(TooLong, match=r"^sample text is too long"):
        item(text, 16)


def test_a_sample_without_a_reply_is_no_matter_of_length() -> None:
    with pytest.raises(DataError, match=r"^sample mute: got no reply") as raised:
        item(sample("mute", user("Why?")), 16)
    assert not isinstance(raised.value, TooLong)
