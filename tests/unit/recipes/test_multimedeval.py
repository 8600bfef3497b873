"""MultiMedEval's two protocols; prompts and answers of 1.0 are classes of one module, as there."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from doctorsun.errors import DataError, RequestError
from doctorsun.generate.chat import answer_samples
from doctorsun.image.raster import encode_png
from doctorsun.recipes.evaluate import Examinee
from doctorsun.recipes.multimedeval import batcher
from doctorsun.schema import image_part
from small_model import assistant, image, sample, save_small, user


@dataclass
class BatcherInput:
    """The prompt of MultiMedEval 1.0."""

    conversation: list[dict[str, str]] = field(default_factory=list)
    images: list[Any] = field(default_factory=list)
    segmentation_masks: list[Any] = field(default_factory=list)


@dataclass
class BatcherOutput:
    """The answer of MultiMedEval 1.0."""

    text: str
    masks: list[Any] | None = None


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small(tmp_path_factory.mktemp("multimedeval") / "small", fit="pad")


def picture(seed: int) -> PIL.Image.Image:
    return PIL.Image.fromarray(np.random.default_rng(seed).integers(0, 256, (30, 40, 3), dtype=np.uint8))


def turns(*texts: str) -> list[dict[str, str]]:
    return [{"role": role, "content": text} for role, text in zip(("user", "assistant", "user"), texts, strict=False)]


SHOWN = "Answer the following question with yes or no. <img> Is there a nodule?"
PROMPTS = [
    (turns(SHOWN), [picture(0)]),
    (turns("What is asthma?"), []),
    (turns("<img> Which organ?", "lung", "<img> And here <img>?"), [picture(1), picture(2), picture(0)]),
]


def expected_answers(weights: Path) -> list[str]:
    """Return what the engine answers to the same prompts, put as samples."""
    shown = [image(encode_png(np.asarray(picture(seed))), 40, 30) for seed in range(3)]
    words = "Answer the following question with yes or no."
    samples = [
        sample("0", user(words, image_part(), "Is there a nodule?"), assistant(""), images=shown[:1]),
        sample("1", user("What is asthma?"), assistant("")),
        sample(
            "2", user(image_part(), "Which organ?"), assistant("lung"),
            user(image_part(), "And here", image_part(), "?"), assistant(""), images=[shown[1], shown[2], shown[0]],
        ),
    ]  # fmt: skip
    examinee = Examinee(weights, name="", max_tokens=6, batch=4)
    return [each.text for each in sorted(answer_samples(examinee.engine, examinee.processor, samples, 6))]


def test_tuples_are_answered_by_texts(weights: Path) -> None:
    answers = batcher(weights, max_tokens=6)(PROMPTS)
    assert answers == expected_answers(weights)
    assert len(set(answers)) == 3


def test_inputs_are_answered_by_the_outputs_of_their_module(weights: Path) -> None:
    ask = batcher(weights, max_tokens=6)
    answers = ask([BatcherInput(conversation, images) for conversation, images in PROMPTS])
    assert answers == [BatcherOutput(text) for text in ask(PROMPTS)]
    assert ask([]) == []


def test_a_prompt_that_is_too_long_has_an_empty_answer(weights: Path, caplog: pytest.LogCaptureFixture) -> None:
    ask = batcher(weights, max_tokens=6)
    long, short = ask([(turns("x " * 3000), []), PROMPTS[1]])
    assert (long, short) == ("", ask([PROMPTS[1]])[0])
    assert "prompt 0 has no answer: length of prompt and answer" in caplog.text


def test_what_cannot_be_shown_is_refused(weights: Path) -> None:
    ask = batcher(weights)
    with pytest.raises(DataError, match="prompt 0: got 1 <img> and 2 images, expected one mark for each image"):
        ask([(turns(SHOWN), [picture(0), picture(1)])])
    with pytest.raises(DataError, match="image of prompt 0: got ndarray, expected a picture of Pillow; leave out the"):
        ask([(turns(SHOWN), [np.zeros((4, 4, 4))])])
    with pytest.raises(RequestError, match="got no such folder"):
        batcher(weights / "none")
