"""Stores that the tests of training share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from doctorsun.storage.store import Store
from small_model import assistant, image, png, question, sample, write_store


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Products this small are slower on two threads, by far so on a busy machine."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(num_threads)


@pytest.fixture(scope="session")
def images_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Four images with five questions each: 12 in English, 8 in Chinese, of the families presence and side."""
    asked = [
        question(
            f"image-{number}-{index}",
            f"Is there a nodule {index}?",
            "No nodule is seen." if (number + index) % 2 else "Yes.",
            image(png(number)),
            task="presence:nodule" if index else "side:nodule",
            language="zh" if index > 2 else "en",
        )
        for number in range(4)
        for index in range(5)
    ]
    return write_store(tmp_path_factory.mktemp("stores") / "images", asked)


@pytest.fixture(scope="session")
def texts_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Ten documents."""
    documents = [sample(f"text-{number}", assistant(f"Text {number} about the lung.")) for number in range(10)]
    return write_store(tmp_path_factory.mktemp("stores") / "texts", documents)


@pytest.fixture
def damaged_store(tmp_path: Path) -> Store:
    """Ten questions, each about an image of its own; the image of number 3 cannot be decoded."""
    asked = [
        question(f"sample-{number}", "Nodule?", "No.", image(b"damaged" if number == 3 else png(number)))
        for number in range(10)
    ]
    return write_store(tmp_path / "damaged", asked)
