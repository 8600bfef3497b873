import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from speaker import Speaker
from study_files import ct_series, png_file
from watched_page import ask, last_answer, open_files, watched_page

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def phone(browser: Browser, page_url: str) -> Iterator[Page]:
    with watched_page(browser, page_url, **PHONE) as watched:
        yield watched.open()


def require_inside(page: Page) -> None:
    """Require that nothing a finger needs lies beyond the right edge, but what scrolls by itself."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.locator("html").evaluate("each => each.scrollWidth") <= width
    for each in page.locator("button:visible, input:visible, select:visible, textarea:visible").all():
        if each.evaluate("each => Boolean(each.closest('.series, .tasks'))"):
            continue
        box = each.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width, each.evaluate("each => each.outerHTML")


def test_all_of_it_fits_a_phone(phone: Page, speaker: Speaker) -> None:
    require_inside(phone)
    open_files(phone, *ct_series(3))
    phone.get_by_label("Window", exact=True).select_option("custom")
    speaker.say("averylongwordwithoutanyspace" * 6)
    ask(phone, "What is shown?")
    assert last_answer(phone)
    require_inside(phone)
    phone.get_by_role("button", name="中文").click()
    require_inside(phone)


def test_the_notice_stays_in_sight_on_a_phone(phone: Page) -> None:
    open_files(phone, *ct_series(3))
    phone.get_by_label("Your question").scroll_into_view_if_needed()
    expect(phone.get_by_text("For research use only.")).to_be_in_viewport()
    expect(phone.get_by_label("Your question")).to_be_in_viewport()


@pytest.mark.parametrize(("scheme", "colour"), [("light", "rgb(246, 247, 245)"), ("dark", "rgb(15, 21, 25)")])
def test_the_page_follows_the_colours_of_the_system(browser: Browser, page_url: str, scheme: str, colour: str) -> None:
    with watched_page(browser, page_url, color_scheme=scheme) as watched:
        expect(watched.open().locator("body")).to_have_css("background-color", colour)


@pytest.mark.parametrize(
    ("locale", "html_lang", "notice"), [("zh-CN", "zh-CN", "仅供研究使用。"), ("de-DE", "en", "For research use only.")]
)
def test_the_first_language_is_the_browsers(
    browser: Browser, page_url: str, locale: str, html_lang: str, notice: str
) -> None:
    with watched_page(browser, page_url, locale=locale) as watched:
        page = watched.open()
        expect(page.locator("html")).to_have_attribute("lang", html_lang)
        expect(page.get_by_role("note")).to_contain_text(notice)


def test_the_language_changes_everywhere_and_is_kept(page: Page) -> None:
    open_files(page, *ct_series(2))
    ask(page, "What is shown?")
    assert last_answer(page)
    page.get_by_label("Your question").fill("draft")
    page.get_by_role("button", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_role("button", name="中文")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="打开文件", exact=True)).to_be_visible()
    expect(page.locator(".answer .ai")).to_have_text("AI 生成")
    expect(page.locator("#facts")).to_contain_text("成像方式")
    expect(page.locator("#corner-kind")).to_have_text("CT · 轴位")
    expect(page.get_by_label("您的问题")).to_have_value("draft")
    page.get_by_role("group", name="任务").get_by_role("button", name="定位").click()
    expect(page.get_by_label("您的问题")).to_have_value("请定位结节。")
    page.reload()
    expect(page.get_by_role("button", name="发送")).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()


def test_no_word_is_left_in_the_other_language(browser: Browser, page_url: str) -> None:
    with watched_page(browser, page_url, locale="zh-CN") as watched:
        page = watched.open()
        open_files(page, *ct_series(2))
        spoken = page.locator("body").inner_text().replace("Doctor Sun", "")
        names = "English Markdown JSON Ctrl Enter Shift sun CT slice dcm MONOCHROME Image Storage mm ms mA kV"
        found = set(re.findall(r"[A-Za-z]{2,}", spoken.replace("0123456789ab", "")))
        assert found <= set(names.split())
        page.get_by_role("button", name="English").click()
        assert set(re.findall(r"[\u4e00-\u9fff]+", page.locator("body").inner_text())) == {"中文"}


def test_everything_is_reached_by_the_keyboard_alone(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the question")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("What is shown?")
    expect(page.get_by_label("Your question")).to_have_value("What is shown?")
    page.keyboard.press("Control+Enter")
    assert last_answer(page)
    expect(page.get_by_label("Your question")).to_be_focused()
    open_files(page, *ct_series(3))
    reached = _tab_through(page)
    for name in (
        "zh",
        "choose-files",
        "choose-folder",
        "window",
        "zoom-in",
        "stage",
        "slice",
        "turns",
        "question",
        "send",
    ):
        assert name in reached, reached


def _tab_through(page: Page) -> list[str]:
    """Return what gets the focus, from the first to the last."""
    page.locator("a.skip").focus()
    reached: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        focused: dict[str, Any] = page.evaluate(
            """() => { const each = document.activeElement;
            const outline = getComputedStyle(each).outlineStyle;
            return { name: each.id || each.dataset.language || each.tagName, outline }; }"""
        )
        if focused["name"] == "BODY":
            break
        # The box around the question shows its focus in place of an outline.
        assert focused["outline"] != "none" or focused["name"] == "question"
        reached.append(focused["name"])
    return reached


def test_every_control_has_a_name_and_every_picture_its_words(page: Page, speaker: Speaker) -> None:
    open_files(page, png_file(), png_file("second.png"))
    speaker.say("Here: <ref>nodule</ref><box>[[250, 250, 500, 500]]</box>.")
    ask(page, "What is shown?")
    assert last_answer(page)
    tree = page.locator("body").aria_snapshot()
    nameless = [
        line for line in tree.splitlines() if re.match(r"\s*- (button|textbox|combobox|slider|checkbox)(:|$| \[)", line)
    ]
    assert nameless == []
    for part in ('heading "Images"', 'heading "Conversation"', 'article "AI-generated"', 'log "Conversation"'):
        assert part in tree
    expect(page.locator("#picture")).to_have_attribute("alt", re.compile("drawn.png"))


def test_two_fingers_zoom(phone: Page) -> None:
    open_files(phone, png_file())
    session = phone.context.new_cdp_session(phone)
    box = phone.locator("#stage").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def touch(kind: str, apart: float) -> None:
        points = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}] if apart else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 40)
    touch("touchMove", 60)
    touch("touchMove", 80)
    touch("touchEnd", 0)
    expect(phone.locator("#zoom-value")).not_to_have_text("100%")
