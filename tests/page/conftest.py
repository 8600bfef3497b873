import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from speaker import Speaker
from watched_page import Watched, watched_page

from doctorsun.processor.chat_template import ChatTemplate
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.processor.processor import Processor
from doctorsun.processor.tokenizer import train_tokenizer
from doctorsun.serve.app import create_app
from doctorsun.serve.settings import ServeSettings
from serve_fakes import ScriptedEngine, ThreadedChat, serving


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser a file: Playwright keeps an event loop in this thread, which tests elsewhere need for themselves."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no Chromium on this machine")
    # Chromium's own sandbox does not work for root.
    arguments = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=chromium, args=arguments) as found:
        yield found


@pytest.fixture(scope="session")
def page_processor() -> Processor:
    tokenizer = train_tokenizer(["The left lung shows a nodule. 左肺有结节。"], 300)
    return Processor(tokenizer, ChatTemplate(), ImageProcessor(size=32, fit="pad"), num_visual_tokens=4)


@pytest.fixture(scope="session")
def page_settings() -> ServeSettings:
    return ServeSettings(model_name="sun", revision="0123456789abcdef", max_open=1)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state") / "reports.jsonl"


@pytest.fixture(scope="module")
def speaker_and_url(
    page_processor: Processor, page_settings: ServeSettings, reports: Path
) -> Iterator[tuple[Speaker, str]]:
    engine = ScriptedEngine((), end_id=page_processor.stop_ids[0])
    app = create_app(ThreadedChat(engine, page_processor), page_settings, images=page_processor.images, reports=reports)
    with serving(app) as url:
        yield Speaker(engine, page_processor), url


@pytest.fixture
def speaker(speaker_and_url: tuple[Speaker, str]) -> Iterator[Speaker]:
    yield speaker_and_url[0]
    speaker_and_url[0].reset()


@pytest.fixture
def page_url(speaker_and_url: tuple[Speaker, str]) -> str:
    return speaker_and_url[1]


@pytest.fixture
def watched(browser: Browser, page_url: str) -> Iterator[Watched]:
    """A page that is not opened yet."""
    with watched_page(browser, page_url) as page:
        yield page


@pytest.fixture
def page(watched: Watched) -> Page:
    """The page, opened in English."""
    return watched.open()
