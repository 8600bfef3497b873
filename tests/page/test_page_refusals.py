import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from speaker import Speaker
from study_files import ct_file, png_file
from watched_page import open_files, watched_page


@pytest.fixture
def chinese(browser: Browser, page_url: str) -> Iterator[Page]:
    with watched_page(browser, page_url, locale="zh-CN") as watched:
        yield watched.open()


def refuse(page: Page, status: int, code: str, retry_after_s: int = 1) -> None:
    error = {"error": {"message": "in the server's words", "code": code}}
    headers = {"Retry-After": str(retry_after_s)}
    page.route("**/v1/studies", lambda route: route.fulfill(status=status, headers=headers, json=error))


def test_a_refused_file_is_told_in_chinese_before_the_servers_words(chinese: Page) -> None:
    broken = ct_file("trunc.dcm")
    broken["buffer"] = broken["buffer"][:4000]
    chinese.locator("#files").set_input_files([broken])
    alert = chinese.get_by_role("alert")
    expect(alert).to_contain_text("无法打开 trunc.dcm：图像已损坏、类型不受支持或超出限制。服务端说明：the DICOM file")
    chinese.get_by_role("button", name="English").click()
    expect(alert).to_contain_text("trunc.dcm cannot be opened: the DICOM file")
    expect(alert).not_to_contain_text("服务端")


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (400, "request", "请求内容有误。"),
        (413, "request", "内容过大。"),
        (415, "request", "内容类型不受支持。"),
        (507, "machine", "服务器存储空间不足。"),
        (500, "error", "服务器内部错误，详见其日志。"),
        (418, "tea", "请求未能完成。"),
    ],
)
def test_chinese_tells_by_status_and_code_what_is_wrong(chinese: Page, status: int, code: str, words: str) -> None:
    refuse(chinese, status, code)
    chinese.locator("#files").set_input_files([png_file()])
    expect(chinese.get_by_role("alert")).to_contain_text(f"：{words}服务端说明：in the server's words")


def test_a_question_that_is_refused_is_told_in_chinese_too(chinese: Page, speaker: Speaker) -> None:
    speaker.engine.max_length = 1
    chinese.get_by_label("您的问题").fill("有结节吗？")
    chinese.keyboard.press("Control+Enter")
    words = "服务器拒绝了请求：请求内容有误。服务端说明：length of prompt and answer: got too much"
    expect(chinese.get_by_role("alert")).to_contain_text(words)


def test_an_answer_that_breaks_off_is_told_in_chinese(chinese: Page) -> None:
    body = f"data: {json.dumps({'error': {'message': 'it fell', 'code': 'error'}})}\n\n"
    chinese.route("**/chat/completions", lambda route: route.fulfill(content_type="text/event-stream", body=body))
    chinese.get_by_label("您的问题").fill("有结节吗？")
    chinese.keyboard.press("Control+Enter")
    expect(chinese.get_by_role("alert")).to_contain_text("服务器出错：服务器内部错误，详见其日志。服务端说明：it fell")


def test_too_many_studies_are_no_busy_server(page: Page) -> None:
    open_files(page, png_file())
    refuse(page, 429, "studies", retry_after_s=42)
    page.locator("#files").set_input_files([png_file()])
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The server keeps no more studies for you: all were used just now.")
    expect(alert).to_contain_text("try again in 42 s.")
    page.get_by_role("button", name="中文").click()
    expect(alert).to_contain_text("请删除一项，或在 42 秒后重试。")


def test_the_chinese_notice_has_no_space_between_its_sentences(chinese: Page) -> None:
    expect(chinese.get_by_role("note")).to_have_text(re.compile("^仅供研究使用。不是医疗器械"))
    chinese.get_by_role("button", name="English").click()
    expect(chinese.get_by_role("note")).to_have_text(re.compile(r"^For research use only\. Not a medical device"))
