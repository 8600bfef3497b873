import json

import pytest
from playwright.sync_api import Page, expect
from speaker import Speaker
from study_files import ct_file, png_file
from watched_page import ask, last_answer, open_files

GOOD = "<ref>nodule</ref><box>[[250, 250, 500, 500]]</box>"
UPSIDE_DOWN = "<ref> nodule </ref> <box>[[148, 484, 348, 448]]</box>"


def copied(page: Page) -> str:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("alert")).to_contain_text("on the clipboard")
    return str(page.evaluate("() => navigator.clipboard.readText()"))


@pytest.mark.parametrize(
    "broken", [UPSIDE_DOWN, "<ref>nodule</ref><box>[[1, 2, 3]]</box>", "<ref>nodule</ref><box>here</box>"]
)
def test_a_broken_box_becomes_its_label(page: Page, speaker: Speaker, broken: str) -> None:
    open_files(page, png_file())
    speaker.say(f"Here: {broken}.")
    ask(page, "Locate the nodule.")
    assert last_answer(page) == "Here: nodule (no valid box)."
    expect(page.locator("#spoken")).to_have_text("Answer: Here: nodule (no valid box).")
    assert "```text\nHere: nodule (no valid box).\n```" in copied(page)
    page.get_by_role("button", name="中文").click()
    expect(page.locator(".answer .said")).to_have_text("Here: nodule （无有效框）.")


def test_a_good_box_beside_a_broken_one_is_its_own(page: Page, speaker: Speaker) -> None:
    open_files(page, png_file())
    speaker.say(f"{UPSIDE_DOWN}, {GOOD}, <box>[[250, 300, 500, 400]]</box>")
    ask(page, "Locate the nodule.")
    assert last_answer(page) == "nodule (no valid box), nodule, region"
    expect(page.locator(".answer .box")).to_have_text(["nodule", "region"])
    expect(page.locator("#boxes rect")).to_have_count(2)


def test_good_boxes_are_copied_in_pixels(page: Page, speaker: Speaker) -> None:
    open_files(page, png_file())
    speaker.say(f"Here: {GOOD}.")
    ask(page, "Locate the nodule.")
    assert last_answer(page)
    text = copied(page)
    assert "Here: nodule (box in pixels: 15, 5, 30, 20)." in text
    assert "<box>" not in text


@pytest.mark.parametrize(
    ("spacing", "ratio"), [([0.5, 0.5], 1), ([1.5, 0.5], 1 / 3), ([0.5, 1.0], 2), ([50.0, 0.5], 1)]
)
def test_pictures_and_boxes_have_the_proportions_of_the_patient(
    page: Page, speaker: Speaker, spacing: list[float], ratio: float
) -> None:
    open_files(page, ct_file(PixelSpacing=spacing))
    speaker.say(GOOD)
    ask(page, "Locate the nodule.")
    assert last_answer(page) == "nodule"
    shown, box = page.locator("#picture").bounding_box(), page.locator("#boxes rect").bounding_box()
    assert shown
    assert box
    assert shown["width"] / shown["height"] == pytest.approx(ratio, rel=0.02)
    line_px = 4
    for side, start in (("width", "x"), ("height", "y")):
        assert box[side] == pytest.approx(shown[side] / 4, abs=line_px)
        assert box[start] - shown[start] == pytest.approx(shown[side] / 4, abs=line_px)


def test_a_box_without_a_picture_keeps_its_numbers(page: Page, speaker: Speaker) -> None:
    speaker.say(f"Here: {GOOD}.")
    ask(page, "Locate the nodule.")
    told = "Here: nodule (box without a place in the picture: [[250, 250, 500, 500]])."
    assert last_answer(page) == told
    assert told in copied(page)


def test_boxes_of_an_answer_under_way_are_labels(page: Page, speaker: Speaker) -> None:
    open_files(page, png_file())
    speaker.say(f"{GOOD} ", for_ever=True)
    ask(page, "Locate the nodule.")
    expect(page.locator(".answer .said")).to_contain_text("nodule nodule")
    expect(page.locator(".answer .box")).to_have_count(0)
    page.get_by_role("button", name="Stop (Esc)").click()
    assert speaker.engine.idle.wait(15)


def test_the_saved_json_keeps_what_the_model_wrote(page: Page, speaker: Speaker) -> None:
    open_files(page, png_file())
    speaker.say(GOOD)
    ask(page, "Locate the nodule.")
    assert last_answer(page) == "nodule"
    with page.expect_download() as saved:
        page.get_by_role("button", name="JSON").click()
    value = json.loads(saved.value.path().read_text("utf-8"))
    assert value["exchanges"][0]["answer"]["text"] == GOOD
