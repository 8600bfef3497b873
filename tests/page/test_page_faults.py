import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect
from speaker import Speaker
from study_files import png_file
from watched_page import Watched, ask, last_answer, open_files, watched_page

from doctorsun.processor.processor import Processor
from doctorsun.serve.app import create_app
from doctorsun.serve.keys import MAX_WRONG, one_key
from doctorsun.serve.settings import ServeSettings
from serve_fakes import ScriptedEngine, ThreadedChat, serving

KEY = "a key that is long enough"


@pytest.fixture
def guarded_app(page_processor: Processor, page_settings: ServeSettings) -> FastAPI:
    """A server that asks for a key."""
    engine = ScriptedEngine((5, 6), end_id=page_processor.stop_ids[0])
    settings = replace(page_settings, keys=one_key(KEY))
    return create_app(ThreadedChat(engine, page_processor), settings, images=page_processor.images)


@pytest.fixture
def guarded(browser: Browser, guarded_app: FastAPI) -> Iterator[Watched]:
    with serving(guarded_app) as url, watched_page(browser, url) as page:
        yield page


def give_key(page: Page, key: str) -> None:
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Use this key").click()


def test_a_key_is_asked_for_until_it_is_right_and_kept_in_this_tab_only(guarded: Watched) -> None:
    page = guarded.page
    page.goto(guarded.url)
    dialog = page.get_by_role("dialog", name="This server asks for a key")
    expect(dialog).to_be_visible()
    expect(page.get_by_text("did not accept")).to_be_hidden()
    give_key(page, "wrong")
    expect(dialog.get_by_role("alert")).to_have_text("The server did not accept that key.")
    give_key(page, KEY)
    expect(dialog).to_be_hidden()
    expect(page.locator("#model b")).to_have_text("sun")
    open_files(page, png_file())
    ask(page, "What is shown?")
    assert last_answer(page)
    page.reload()
    expect(page.locator("#model b")).to_have_text("sun")
    expect(page.locator("#picture")).to_be_visible()
    expect(dialog).to_be_hidden()
    assert KEY not in str(page.evaluate("() => ({...localStorage})"))
    other = page.context.new_page()
    other.goto(guarded.url)
    expect(other.get_by_role("dialog", name="This server asks for a key")).to_be_visible()
    assert guarded.violations == []


def test_without_a_key_the_page_says_so_and_asks_again_on_demand(guarded: Watched) -> None:
    page = guarded.page
    page.goto(guarded.url)
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("alert").first).to_contain_text("Without a key the server answers nothing.")
    page.get_by_role("button", name="Try again").click()
    give_key(page, KEY)
    expect(page.locator("#model b")).to_have_text("sun")
    expect(page.locator("#banner")).to_be_hidden()


def test_too_many_wrong_keys_are_no_busy_server(browser: Browser, guarded_app: FastAPI) -> None:
    with serving(guarded_app) as url, watched_page(browser, url) as watched:
        page = watched.page
        page.goto(url)
        for _ in range(MAX_WRONG + 1):
            with page.expect_response("**/v1/models"):
                give_key(page, "wrong")
        alert = page.locator("#banner")
        expect(alert).to_contain_text(
            re.compile(r"The key was wrong too often: .* Try again in \d+ s with the right one")
        )
        page.get_by_role("button", name="中文").click()
        expect(alert).to_contain_text(re.compile(r"密钥错误次数过多，.*请在 \d+ 秒后用正确的密钥重试。"))
        expect(page.get_by_role("dialog")).to_be_hidden()


def test_an_upload_asks_for_the_key_too(guarded: Watched) -> None:
    page = guarded.page
    page.goto(guarded.url)
    page.get_by_role("button", name="Cancel").click()
    page.locator("#files").set_input_files([png_file()])
    give_key(page, KEY)
    expect(page.locator("#picture")).to_be_visible()


def test_a_busy_server_is_told_and_the_question_is_kept(page: Page, page_url: str, speaker: Speaker) -> None:
    speaker.say("word ", for_ever=True)
    body = {"model": "sun", "messages": [{"role": "user", "content": "hold"}], "stream": True, "max_tokens": 10**5}
    with httpx.stream("POST", f"{page_url}/v1/chat/completions", json=body) as held:
        lines = held.iter_lines()
        next(lines)
        ask(page, "What is shown?")
        expect(page.get_by_role("alert")).to_contain_text(re.compile(r"The server is busy\. Try again in \d+ s\."))
        expect(page.get_by_label("Your question")).to_have_value("What is shown?")
        expect(page.locator(".turn")).to_have_count(0)
    assert speaker.engine.idle.wait(15)
    speaker.say("The left lung.")
    page.get_by_role("button", name="Try again").click()
    assert last_answer(page) == "The left lung."
    expect(page.locator("#banner")).to_be_hidden()


def test_an_engine_that_fails_at_once_is_told_and_comes_back(page: Page, speaker: Speaker) -> None:
    speaker.engine.failure = MemoryError("no memory left")
    ask(page, "What is shown?")
    expect(page.get_by_role("alert")).to_contain_text("The model is not ready.")
    expect(page.get_by_label("Your question")).to_have_value("What is shown?")
    expect(page.get_by_role("alert")).to_contain_text("The server is back.")
    page.get_by_role("button", name="Try again").click()
    assert last_answer(page)


def test_an_engine_that_fails_on_the_way_leaves_what_was_said(page: Page, speaker: Speaker) -> None:
    speaker.say("word ", for_ever=True)
    ask(page, "What is shown?")
    expect(page.locator(".answer .said")).to_contain_text("word")
    speaker.engine.failure = MemoryError("no memory left")
    expect(page.locator(".answer .state")).to_have_text("The answer broke off.")
    expect(page.get_by_role("alert")).to_contain_text("The model is not ready.")
    expect(page.locator(".answer .said")).to_contain_text("word")


def test_a_network_that_is_down_is_told_and_its_return_too(page: Page) -> None:
    page.context.set_offline(offline=True)
    ask(page, "What is shown?")
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    page.locator("#files").set_input_files([png_file()])
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    page.context.set_offline(offline=False)
    expect(page.get_by_role("alert")).to_contain_text("The server is back.")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#picture")).to_be_visible()
    expect(page.get_by_label("Your question")).to_have_value("What is shown?")


def test_a_server_that_is_down_at_the_start_is_waited_for(watched: Watched) -> None:
    page = watched.page
    page.route("**/v1/models", lambda route: route.fulfill(status=503, headers={"Retry-After": "1"}, body="starting"))
    page.goto(watched.url)
    expect(page.get_by_role("alert")).to_contain_text("The model is not ready.")
    page.unroute("**/v1/models")
    expect(page.locator("#model b")).to_have_text("sun")


def test_a_study_that_expired_is_told_after_a_reload(page: Page, page_url: str) -> None:
    with page.expect_response("**/v1/studies") as uploaded:
        open_files(page, png_file())
    ask(page, "What is shown?")
    assert last_answer(page)
    httpx.delete(f"{page_url}/v1/studies/{uploaded.value.json()['id']}")
    page.reload()
    expect(page.locator("#stage-fault")).to_have_text("This study is no longer on the server. Open its files again.")
    expect(page.locator(".study.expired")).to_contain_text("expired")
    expect(page.locator(".view.expired")).to_be_disabled()
    expect(page.locator(".answer .said")).to_have_text("The left lung shows a nodule.")
    expect(page.locator("#attached li")).to_have_count(0)


def test_a_refusal_is_told_in_the_servers_words(page: Page, speaker: Speaker) -> None:
    speaker.engine.max_length = 1
    ask(page, "<b>What</b> is shown?")
    expect(page.get_by_role("alert")).to_contain_text("The server refused: length of prompt and answer: got too much")


def test_a_wrong_answer_is_reported(page: Page, reports: Path) -> None:
    ask(page, "What is shown?")
    assert last_answer(page)
    page.get_by_role("button", name="Report a wrong answer").click()
    dialog = page.get_by_role("dialog", name="Report a wrong answer")
    expect(dialog).to_contain_text("The left lung shows a nodule.")
    dialog.get_by_label("What is wrong?").fill("other side")
    dialog.get_by_label("What should it say?").fill("right")
    dialog.get_by_role("button", name="Send the report").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("alert")).to_contain_text("The report is stored on this server.")
    expect(page.locator(".answer footer")).to_contain_text("Reported")
    report = json.loads(reports.read_text("utf-8"))
    assert report["answer_id"].startswith("chatcmpl-")
    told = {"reason": "other side", "question": "What is shown?", "expected": "right"}
    assert report | told | {"answer": "The left lung shows a nodule."} == report


def test_a_report_that_fails_stays_open(page: Page) -> None:
    page.route("**/v1/reports", lambda route: route.fulfill(status=507, json={"error": {"message": "disk full"}}))
    ask(page, "What is shown?")
    assert last_answer(page)
    page.get_by_role("button", name="Report a wrong answer").click()
    page.get_by_label("What is wrong?").fill("other side")
    page.get_by_role("button", name="Send the report").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text("The server refused: disk full")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="Report a wrong answer")).to_be_focused()


def test_a_browser_that_keeps_nothing_is_told_once_and_works(watched: Watched, speaker: Speaker) -> None:
    for area in ("localStorage", "sessionStorage"):
        refusal = "{ get() { throw new DOMException('denied', 'SecurityError'); } }"
        watched.page.add_init_script(f"Object.defineProperty(window, '{area}', {refusal});")
    page = watched.open()
    open_files(page, png_file())
    expect(page.get_by_role("alert")).to_contain_text("cannot be kept over a reload")
    page.get_by_role("button", name="Close").click()
    ask(page, "What is shown?")
    assert last_answer(page) == "The left lung shows a nodule."
    assert speaker.num_images() == 1
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("button", name="发送")).to_be_visible()
    expect(page.locator("#banner")).to_be_hidden()
