from collections.abc import Iterator

import numpy as np
import pytest

from doctorsun.image.raster import encode_png
from doctorsun.processor.chat_template import ChatTemplate
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.processor.processor import Processor
from doctorsun.processor.tokenizer import train_tokenizer
from doctorsun.serve.app import create_app
from doctorsun.serve.settings import ServeSettings
from serve_fakes import ScriptedEngine, ThreadedChat, serving


@pytest.fixture(scope="session")
def processor() -> Processor:
    tokenizer = train_tokenizer(["The left lung shows a nodule. 左肺有结节。"], 300)
    return Processor(tokenizer, ChatTemplate(), ImageProcessor(size=32, fit="pad"), num_visual_tokens=16)


@pytest.fixture(scope="session")
def png() -> bytes:
    return encode_png(np.full((20, 30), 99, np.uint8))


@pytest.fixture(scope="session")
def settings() -> ServeSettings:
    return ServeSettings(model_name="sun", revision="abc123", max_open=2, max_body_bytes=20_000, max_images=2)


@pytest.fixture(scope="module")
def engine_and_server(processor: Processor, settings: ServeSettings) -> Iterator[tuple[ScriptedEngine, str]]:
    """A server whose engine always says the same sentence."""
    ids = processor.tokenizer.encode("左肺有结节。The left lung.", add_special_tokens=False).ids
    engine = ScriptedEngine(ids, end_id=processor.stop_ids[0])
    with serving(create_app(ThreadedChat(engine, processor), settings, images=processor.images)) as url:
        yield engine, url


@pytest.fixture
def scripted(engine_and_server: tuple[ScriptedEngine, str]) -> Iterator[ScriptedEngine]:
    """The server's engine, as at its start."""
    engine, _ = engine_and_server
    engine.asked.clear()
    yield engine
    engine.reset()


@pytest.fixture
def server(engine_and_server: tuple[ScriptedEngine, str]) -> str:
    return engine_and_server[1]
