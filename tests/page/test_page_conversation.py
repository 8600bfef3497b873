import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from speaker import Speaker
from study_files import ct_series, png_file
from watched_page import ask, last_answer, open_files

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script> **bold** [a](javascript:alert(3))"


def test_an_answer_is_streamed_labelled_and_counted(page: Page, speaker: Speaker) -> None:
    speaker.say("word ", for_ever=True)
    ask(page, "What is shown?")
    expect(page.locator(".answer .said")).to_contain_text("word word")
    expect(page.locator(".answer")).to_have_attribute("aria-busy", "true")
    expect(page.locator("#spoken")).to_have_text("Answering …")
    page.keyboard.press("Escape")
    expect(page.locator(".answer .state")).to_have_text("Stopped")
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()
    assert speaker.engine.idle.wait(15)
    speaker.say("The left lung shows a nodule.")
    ask(page, "And now?")
    assert last_answer(page) == "The left lung shows a nodule."
    expect(page.locator(".answer .ai").last).to_have_text("AI-generated")
    expect(page.locator("#spoken")).to_have_text("Answer: The left lung shows a nodule.")
    expect(page.locator(".stats").last).to_have_text(
        re.compile(r"^\d+ tokens · first after [\d.]+ s · [\d.]+ tokens/s · sun@01234567$")
    )


def test_the_stop_button_keeps_what_was_said(page: Page, speaker: Speaker) -> None:
    speaker.say("word ", for_ever=True)
    ask(page, "What is shown?")
    expect(page.locator(".answer .said")).to_contain_text("word")
    page.get_by_role("button", name="Stop (Esc)").click()
    expect(page.locator(".answer .state")).to_have_text("Stopped")
    expect(page.locator(".answer .said")).to_contain_text("word")
    assert speaker.engine.idle.wait(15)


def test_the_current_view_goes_along_once_and_can_be_left_out(page: Page, speaker: Speaker) -> None:
    open_files(page, *ct_series(3))
    chips = page.get_by_role("list", name="Images that go along").get_by_role("listitem")
    expect(chips).to_have_text([re.compile("CT · axial · slice 2.*current view")])
    ask(page, "What is shown?")
    assert last_answer(page)
    assert speaker.num_images() == 1
    expect(page.locator(".view")).to_have_count(1)
    expect(chips).to_have_count(0)
    ask(page, "Is it large?")
    expect(page.locator(".answer")).to_have_count(2)
    assert last_answer(page)
    assert speaker.num_images() == 1
    assert "What is shown?" in speaker.heard()
    page.get_by_role("slider", name="Slice").fill("0")
    expect(chips).to_have_count(1)
    page.get_by_role("button", name="Leave CT · axial · slice 1 out").click()
    expect(chips).to_have_count(0)


def test_the_end_of_the_last_answer_stays_in_sight(page: Page, speaker: Speaker) -> None:
    speaker.say("a line\n" * 60)
    ask(page, "What is shown?")
    assert last_answer(page)
    end = page.get_by_role("button", name="Report a wrong answer")
    expect(end).to_be_in_viewport()
    open_files(page, png_file())
    expect(page.locator("#attached li")).to_have_count(1)
    expect(end).to_be_in_viewport(ratio=1)


def test_several_slices_go_along_with_one_question(page: Page, speaker: Speaker) -> None:
    open_files(page, *ct_series(3))
    for place in ("0", "1"):
        page.get_by_role("slider", name="Slice").fill(place)
        page.get_by_role("button", name="Attach this slice").click()
        expect(page.get_by_role("button", name="Attach this slice")).to_be_disabled()
    page.get_by_role("slider", name="Slice").fill("2")
    ask(page, "Compare them.")
    assert last_answer(page)
    assert speaker.num_images() == 3
    page.get_by_role("button", name=re.compile("^Show slice-0.dcm, slice 1$")).click()
    expect(page.locator("#slice-value")).to_have_text("1 / 3")


@pytest.mark.parametrize(
    ("task", "prompt"),
    [
        ("Describe", "Describe this image in one sentence."),
        ("Findings and impression", "Give the findings and the impression."),
        ("Answer", "Is a pleural effusion seen on this image?"),
        ("Differential", "Give a differential diagnosis, most likely first, with a reason for each."),
        ("Locate", "Locate the nodule."),
    ],
)
def test_tasks_write_their_question(page: Page, task: str, prompt: str) -> None:
    page.get_by_role("group", name="Tasks").get_by_role("button", name=task).click()
    question = page.get_by_label("Your question")
    expect(question).to_have_value(prompt)
    expect(question).to_be_focused()


def test_what_a_task_asks_about_is_selected_and_typed_over(page: Page) -> None:
    page.get_by_role("group", name="Tasks").get_by_role("button", name="Locate").click()
    page.keyboard.type("effusion")
    expect(page.get_by_label("Your question")).to_have_value("Locate the effusion.")


def test_a_task_is_asked_without_the_earlier_turns(page: Page, speaker: Speaker) -> None:
    open_files(page, png_file())
    ask(page, "What is shown?")
    assert last_answer(page)
    expect(page.get_by_label("With earlier turns")).to_be_checked()
    page.get_by_role("group", name="Tasks").get_by_role("button", name="Describe").click()
    expect(page.get_by_label("With earlier turns")).not_to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".answer")).to_have_count(2)
    assert last_answer(page)
    assert "What is shown?" not in speaker.heard()
    assert speaker.num_images() == 1
    expect(page.get_by_label("With earlier turns")).to_be_checked()


def test_boxes_of_an_answer_are_drawn_over_the_picture(page: Page, speaker: Speaker) -> None:
    open_files(page, png_file())
    speaker.say("Here: <ref>nodule</ref><box>[[250, 250, 500, 500]]</box>.")
    ask(page, "Locate the nodule.")
    assert last_answer(page) == "Here: nodule."
    rect = page.locator("#boxes rect")
    # A picture of 60 x 40 lies in the middle of the square: thousandths of 60, less the 10 rows above.
    expect(rect).to_have_attribute("x", "15")
    expect(rect).to_have_attribute("y", "5")
    expect(rect).to_have_attribute("width", "15")
    expect(rect).to_have_attribute("height", "15")
    expect(page.locator("#boxes text")).to_have_text("nodule")
    open_files(page, png_file("another.png"))
    expect(rect).to_have_count(0)
    page.get_by_role("button", name="Show in the picture: nodule").click()
    expect(rect).to_have_count(1)


def test_answers_and_questions_stay_text(page: Page, speaker: Speaker) -> None:
    speaker.say(HOSTILE)
    ask(page, HOSTILE)
    assert last_answer(page) == HOSTILE
    expect(page.locator(".question .said")).to_have_text(HOSTILE)
    assert page.locator(".turns script, .turns img, .turns a").count() == 0


@pytest.mark.parametrize(
    ("written", "options"),
    [
        ("Yes; No；Perhaps", ["Yes", "No", "Perhaps"]),
        ("yes, no", ["yes", "no"]),
        ("是，否、不确定", ["是", "否", "不确定"]),
        ("left, lower lobe; right, upper lobe;", ["left, lower lobe", "right, upper lobe"]),
    ],
)
def test_choices_go_along_with_a_question(page: Page, speaker: Speaker, written: str, options: list[str]) -> None:
    page.get_by_role("group", name="Tasks").get_by_role("button", name="Answer").click()
    page.get_by_label("Choices").fill(written)
    page.get_by_label("Your question").press("Control+Enter")
    assert last_answer(page)
    assert len(speaker.engine.asked[-1].options) == len(options)
    expect(page.locator(".notes")).to_have_text(f"Choices: {'; '.join(options)}")


@pytest.mark.parametrize(
    ("confidence", "told"),
    [
        ({"option": "Yes", "probability": 0.83, "withheld": None, "calibrated": True}, "Likeliest choice: Yes, 83 %"),
        (
            {"option": "No", "probability": 0.6, "withheld": "unsure", "calibrated": False},
            "Likeliest choice: No, 60 % (not calibrated)Abstained: the confidence is too low.",
        ),
        (
            {"option": "No", "probability": 0.99, "withheld": "no_threshold", "calibrated": True},
            "Likeliest choice: No, 99 %Abstained: no confidence was reliable enough for questions of this kind.",
        ),
        (
            {"option": None, "probability": None, "withheld": "other_words", "calibrated": False},
            "Abstained: the model does not answer with one of the choices, so its confidence is not known.",
        ),
        (
            {"option": None, "probability": None, "withheld": "not_told", "calibrated": False},
            "Abstained: the engine does not tell how likely the choices are.",
        ),
        ({"option": None, "probability": None, "withheld": None, "calibrated": False}, ""),
    ],
)
def test_how_sure_the_model_is_stands_below_the_answer(page: Page, confidence: dict[str, object], told: str) -> None:
    deltas = [({"content": "是。"}, None), ({"confidence": confidence}, "stop")]
    chunks = [{"id": "chatcmpl-1", "choices": [{"delta": delta, "finish_reason": end}]} for delta, end in deltas]
    lines = [f"data: {json.dumps(chunk)}\r\n\r\n" for chunk in chunks]
    body = ": remark\r\n\r\n" + "".join(lines) + "data: [DONE]\r\n\r\n"
    page.route("**/chat/completions", lambda route: route.fulfill(content_type="text/event-stream", body=body))
    ask(page, "Is there a nodule?")
    assert last_answer(page) == "是。"
    expect(page.locator(".confidence")).to_have_text(told)
    expect(page.locator(".confidence .bar")).to_have_count(0 if confidence["option"] is None else 1)


def test_the_conversation_is_copied_and_saved_with_model_and_notice(
    page: Page, speaker: Speaker, tmp_path: Path
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for name in ("Copy", "Markdown", "JSON", "New"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_disabled()
    open_files(page, png_file("Wang Fang.png"))
    speaker.say("# heading\n```\nfence")
    ask(page, "What is shown?")
    assert last_answer(page)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("alert")).to_contain_text("on the clipboard")
    copied = page.evaluate("() => navigator.clipboard.readText()")
    with page.expect_download() as markdown:
        page.get_by_role("button", name="Markdown").click()
    markdown.value.save_as(tmp_path / "saved.md")
    assert (tmp_path / "saved.md").read_text("utf-8") == copied
    for part in ("**For research use only.**", "`sun`", "`0123456789abcdef`", "````text\n# heading\n```\nfence\n````"):
        assert part in copied
    with page.expect_download() as saved:
        page.get_by_role("button", name="JSON").click()
    saved.value.save_as(tmp_path / "saved.json")
    text = (tmp_path / "saved.json").read_text("utf-8")
    value = json.loads(text)
    assert value["research_use_only"] is True
    assert value["model"] == {"id": "sun", "revision": "0123456789abcdef"}
    (exchange,) = value["exchanges"]
    assert exchange["answer"]["ai_generated"] is True
    assert exchange["answer"]["text"] == "# heading\n```\nfence"
    assert "Wang" not in text + copied


def test_saved_images_say_what_they_are_in_the_language_shown(page: Page) -> None:
    open_files(page, *ct_series(3))
    page.get_by_role("button", name="Attach this slice").click()
    page.get_by_label("Window", exact=True).select_option("custom")
    page.get_by_label("Centre").fill("-100.5")
    page.keyboard.press("Enter")
    expect(page.locator("#attached li")).to_have_count(2)
    page.get_by_role("button", name="Attach this slice").click()
    open_files(page, png_file())
    ask(page, "Compare them.")
    assert last_answer(page)
    for language, told in (
        ("English", ["CT · axial · slice 2, Soft tissue", "CT · axial · slice 2, C -100.5 W 400", "picture"]),
        ("中文", ["CT · 轴位 · 第 2 层, 软组织窗", "CT · 轴位 · 第 2 层, C -100.5 W 400", "图片"]),
    ):
        page.get_by_role("button", name=language).click()
        with page.expect_download() as saved:
            page.get_by_role("button", name="Markdown").click()
        lines = saved.value.path().read_text("utf-8").splitlines()
        assert [line.partition(": ")[2] for line in lines if line.startswith("- ")] == told


def test_speed_is_of_the_whole_answer_also_where_its_pieces_came_at_once(page: Page) -> None:
    ask(page, "What is shown?")
    assert last_answer(page)
    page.evaluate(
        """() => {
            const kept = JSON.parse(sessionStorage.getItem("doctorsun.session"));
            Object.assign(kept.exchanges[0].answer, { num_tokens: 10, first_s: 0.5, total_s: 0.504 });
            sessionStorage.setItem("doctorsun.session", JSON.stringify(kept));
        }"""
    )
    page.reload()
    expect(page.locator(".stats")).to_have_text("10 tokens · first after 0.50 s · 20 tokens/s · sun@01234567")


def test_a_new_conversation_forgets_the_old_one(page: Page, speaker: Speaker) -> None:
    ask(page, "What is shown?")
    assert last_answer(page)
    page.get_by_role("button", name="New", exact=True).click()
    expect(page.get_by_text("Ask about an image")).to_be_visible()
    ask(page, "Once more?")
    assert last_answer(page)
    assert "What is shown?" not in speaker.heard()


def test_a_reload_keeps_study_view_conversation_and_draft(page: Page, speaker: Speaker) -> None:
    open_files(page, *ct_series(3))
    page.get_by_role("slider", name="Slice").fill("0")
    page.get_by_label("Window", exact=True).select_option("lung")
    speaker.say("Here: <ref>nodule</ref><box>[[250, 250, 500, 500]]</box>.")
    ask(page, "Locate the nodule.")
    assert last_answer(page)
    page.get_by_label("Your question").fill("half a question")
    page.reload()
    expect(page.locator(".question .said")).to_have_text("Locate the nodule.")
    expect(page.locator(".answer .said")).to_contain_text("Here:")
    expect(page.locator("#corner-window")).to_contain_text("C -600")
    expect(page.locator("#slice-value")).to_have_text("1 / 3")
    expect(page.locator("#picture")).to_be_visible()
    expect(page.locator(".view img")).to_have_js_property("naturalWidth", 128)
    expect(page.get_by_label("Your question")).to_have_value("half a question")
    page.get_by_role("button", name="Show in the picture: nodule").click()
    expect(page.locator("#boxes rect")).to_have_count(1)


def test_an_answer_that_a_reload_cut_off_is_said_to_be_stopped(page: Page, speaker: Speaker) -> None:
    speaker.say("word ", for_ever=True)
    ask(page, "What is shown?")
    expect(page.locator(".answer .said")).to_contain_text("word")
    page.reload()
    expect(page.locator(".answer .state")).to_have_text("Stopped")
    assert speaker.engine.idle.wait(15)
