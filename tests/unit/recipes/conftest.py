"""The questions and the weights that the tests of evaluation share."""

from pathlib import Path

import pytest

from doctorsun.schema import Answer, Groups, Sample
from doctorsun.storage.store import Store
from small_model import assistant, image, png, question, sample, save_small, write_store


def asked(number: int, **fields: object) -> Sample:
    """Return a question about an image of its own patient."""
    yes, groups = Answer(kind="closed", gold=("yes",)), Groups(patient=f"patient-{number}")
    settings = {"answer": yes, "task": "presence:nodule", "modality": "xray", "groups": groups} | fields
    return question(f"sample-{number}", "Is there a nodule?", "Yes.", image(png(number)), **settings)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Six questions in English and three in Chinese about presence, one about a side, and a text that asks nothing."""
    samples = [asked(number, language="zh" if number % 3 == 0 else "en") for number in range(9)]
    samples.append(asked(9, task="side:nodule"))
    samples.append(sample("text", assistant("A text.")))
    return write_store(tmp_path_factory.mktemp("evaluate") / "store", samples)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network."""
    return save_small(tmp_path_factory.mktemp("evaluate") / "small")
