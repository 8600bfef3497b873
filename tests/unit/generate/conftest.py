from collections.abc import Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import LlavaForConditionalGeneration

from doctorsun.generate.engine import LocalEngine
from doctorsun.generate.network import RaggedNetwork
from doctorsun.image.raster import encode_png
from doctorsun.model.build import build_model
from doctorsun.model.presets import PRESETS
from doctorsun.processor.chat_template import ChatTemplate
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.processor.processor import Processor
from doctorsun.processor.tokenizer import train_tokenizer


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Products this small are slower on two threads, by far so on a busy machine."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(num_threads)


@pytest.fixture(scope="session")
def processor() -> Processor:
    tokenizer = train_tokenizer(["Is there a nodule in the left lung? 左肺有结节吗？"], 300)
    return Processor(tokenizer, ChatTemplate(), ImageProcessor(size=32, fit="pad"), PRESETS["micro"].num_visual_tokens)


@pytest.fixture(scope="session")
def model(processor: Processor) -> LlavaForConditionalGeneration:
    """A network with large random weights, so that its answers are varied."""
    model = build_model(PRESETS["micro"], processor, seed=3).double().eval()  # rounding must not decide a tie
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.mul_(6)
    return model


@pytest.fixture
def engine(model: LlavaForConditionalGeneration, processor: Processor) -> LocalEngine:
    return LocalEngine(model, image_mean=processor.images.mean, image_std=processor.images.std, max_batch=5)


@pytest.fixture
def network(engine: LocalEngine) -> RaggedNetwork:
    return engine.network


@pytest.fixture(scope="session")
def pictures() -> list[NDArray[np.uint8]]:
    return list(np.random.default_rng(0).integers(0, 256, (4, 3, 32, 32), dtype=np.uint8))


@pytest.fixture(scope="session")
def png() -> bytes:
    return encode_png(np.random.default_rng(1).integers(0, 256, (40, 30, 3), dtype=np.uint8))
