"""A sample with rejected replies: what counts, what is shared, and what cannot be a pair."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from doctorsun.errors import DataError
from doctorsun.processor.chat_template import ChatTemplate
from doctorsun.processor.processor import Processor
from doctorsun.schema import Sample, image_part
from doctorsun.train.pairs import collate_pairs, render_pairs
from small_model import assistant, image, png, question, sample, small_processor, user

PROCESSOR = small_processor()
IMAGE = image(png(1))
ASKED = question("asked", "Is there a nodule?", "No nodule is seen.", IMAGE, rejected=("Yes.", "No."))


def words(asked: Sample, reply: int) -> str:
    """Return what counts of a reply."""
    rendered = render_pairs(PROCESSOR, asked).replies[reply].rendered
    return PROCESSOR.decode(rendered.ids[rendered.supervised].tolist())


def test_each_reply_counts_alone_and_is_read_after_one_question() -> None:
    item = render_pairs(PROCESSOR, ASKED, origin=3)
    assert [words(ASKED, place) for place in range(3)] == ["No nodule is seen.", "Yes.", "No."]
    first, *others = (reply.rendered for reply in item.replies)
    for other in others:
        assert other.prefix_length == first.prefix_length
        np.testing.assert_array_equal(other.ids[: other.prefix_length + 1], first.ids[: first.prefix_length + 1])
    assert first.prefix_length == len(PROCESSOR.prompt(ASKED.messages[:1])) - 1
    assert (item.images, item.origin, item.lost_turns) == ((IMAGE.sha256,), 3, 0)
    assert item.longest == len(first.ids)
    assert item.group.length == first.prefix_length + sum(len(r.ids) - first.prefix_length for r in (first, *others))


def test_what_was_said_before_does_not_count() -> None:
    turns = (user(image_part(), "What?"), assistant("A lung."), user("Sure?"), assistant("Yes."))
    asked = sample("turns", *turns, images=[IMAGE], rejected=("No.",))
    assert [words(asked, place) for place in range(2)] == ["Yes.", "No."]


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        (replace(ASKED, rejected=()), "no rejected reply"),
        (sample("asked", assistant("A text."), rejected=("No.",)), "no reply to a question at its end"),
        (sample("asked", user("Why?"), rejected=("No.",)), "no reply to a question at its end"),
        (sample("asked", rejected=("No.",)), "no reply to a question at its end"),
    ],
)
def test_a_sample_without_a_pair_is_refused(asked: Sample, got: str) -> None:
    with pytest.raises(DataError, match=f"^sample asked: got {got}, expected a question, its reply, and replies"):
        render_pairs(PROCESSOR, asked)


def test_a_reply_of_which_the_template_shows_nothing_is_refused() -> None:
    template = ChatTemplate("{{ messages[0]['content'][0]['text'] }}", bos_token="", eos_token="")
    silent = Processor(PROCESSOR.tokenizer, template, PROCESSOR.images, PROCESSOR.num_visual_tokens)
    with pytest.raises(DataError, match=r"^sample q: got a reply without a token, or without one before it, expected"):
        render_pairs(silent, question("q", "Why?", "No.", rejected=("Yes.",)))


def test_a_batch_tells_whose_pairs_it_holds() -> None:
    other = question("other", "Which organ?", "The lung.", rejected=("No.",))
    items = [render_pairs(PROCESSOR, ASKED, origin=1), render_pairs(PROCESSOR, other)]
    pixels = {IMAGE.sha256: PROCESSOR.pixels(IMAGE.bytes or b"")}
    batch = collate_pairs(items, pixels, [(1.0, 2.0, 3.0), (4.0, 5.0)]).to(torch.device("cpu"))
    assert batch.pairs.tolist() == [[0, 1], [0, 2], [3, 4]]
    assert batch.origins.tolist() == [1, 1, 0]
    assert batch.reference.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert sum(batch.reply_tokens) == len(batch.pack.targets) == batch.work.targets
    assert (batch.num_targets, len(batch.pack.pixels)) == (3, 1)
    assert batch.num_tokens == sum(item.group.length for item in items)


def test_a_key_is_that_of_words_and_images() -> None:
    key = render_pairs(PROCESSOR, ASKED).key
    assert render_pairs(PROCESSOR, replace(ASKED, id="again", language="zh")).key == key
    others = [
        replace(ASKED, rejected=("No.", "Yes.")),
        replace(ASKED, images=(image(png(2)),)),
        replace(ASKED, rejected=("Yes.",)),
        question("asked", "Is there a nodule?", "No nodule.", IMAGE, rejected=("Yes.", "No.")),
    ]
    assert key not in [render_pairs(PROCESSOR, other).key for other in others]
