import io
import re
import zipfile
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Request, expect
from study_files import ct_file, ct_series, nifti_file, png_file
from watched_page import Watched, open_files


def test_a_picture_is_shown_with_what_the_model_sees(page: Page) -> None:
    open_files(page, png_file())
    expect(page.locator("#picture")).to_have_js_property("naturalWidth", 60)
    expect(page.locator("#model-picture")).to_have_js_property("naturalWidth", 32)
    expect(page.locator("#model-size")).to_have_text("32 × 32")
    expect(page.locator("#facts")).to_contain_text("60 × 40")
    expect(
        page.get_by_role("list", name="Opened studies").get_by_role("button", name="drawn.png").first
    ).to_be_visible()
    expect(page.get_by_label("Window", exact=True)).to_be_hidden()
    expect(page.get_by_role("slider", name="Slice")).to_be_hidden()


def test_a_dicom_slice_tells_its_facts_and_sides(page: Page) -> None:
    open_files(page, ct_file())
    for name, value in (("Modality", "CT"), ("Plane", "axial"), ("Size", "128 × 128"), ("Tube voltage (kV)", "120")):
        fact = page.locator("#facts > div").filter(has=page.get_by_text(name, exact=True))
        expect(fact.locator("dd")).to_have_text(value)
    expect(page.locator("#side-left")).to_have_text("R")
    expect(page.locator("#side-bottom")).to_have_text("P")
    expect(page.get_by_role("group", name="CT_small.dcm, window: Soft tissue")).to_be_visible()


def test_warnings_stand_below_the_picture(page: Page) -> None:
    open_files(page, ct_file(BurnedInAnnotation="YES"))
    expect(page.get_by_role("list", name="Warnings")).to_contain_text("text burned into the picture")


def test_files_that_are_not_shown_are_named(page: Page) -> None:
    words = {"mimeType": "text/plain", "buffer": b"words"}
    empty = {"name": "empty.txt", "mimeType": "text/plain", "buffer": b""}
    open_files(page, {"name": "t.tif", **words}, empty, ct_file(), png_file(), {"name": "<b>a.txt", **words})
    warnings = page.get_by_role("list", name="Warnings")
    expect(warnings).to_have_text("Files that could not be shown: t.tif, <b>a.txt")
    page.reload()
    expect(warnings).to_contain_text("t.tif")
    many = [{"name": f"{number}.txt", **words} for number in range(10)]
    open_files(page, *many, png_file())
    expect(warnings).to_have_text(
        "Files that could not be shown: " + ", ".join(f"{n}.txt" for n in range(8)) + " … (10)"
    )


def test_of_an_archive_the_number_of_files_not_shown_is_told(page: Page) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.png", png_file()["buffer"])
        archive.writestr("notes.txt", b"words")
    open_files(page, {"name": "study.zip", "mimeType": "application/zip", "buffer": packed.getvalue()})
    expect(page.get_by_role("list", name="Warnings")).to_have_text("Files that could not be shown: 1")


def test_several_files_are_sent_as_one_study(page: Page) -> None:
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    open_files(page, *ct_series(4))
    assert len(sent) == 1
    expect(page.locator("#slice-value")).to_have_text("3 / 4")
    expect(page.locator(".series-item")).to_contain_text("slice-0.dcm · 4 files")


def test_each_series_has_a_name_of_its_own(page: Page) -> None:
    other = [ct_file(f"other-{place}.dcm", place, SeriesInstanceUID="1.2.3", SeriesNumber=9) for place in range(2)]
    open_files(page, *ct_series(2), *other, png_file("first.png"), png_file("second.png"))
    names = page.locator(".series-item b")
    expect(names).to_have_text(["CT 1", "CT 2", "first.png", "second.png"])
    page.locator(".series-item").nth(1).click()
    expect(page.locator("#corner-title")).to_have_text("slice-0.dcm · 6 files · CT 2")
    page.reload()
    expect(names).to_have_text(["CT 1", "CT 2", "first.png", "second.png"])


def test_series_of_an_archive_are_named_by_kind_and_number(page: Page) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("a.png", "b.png"):
            archive.writestr(name, png_file()["buffer"])
        archive.writestr("c.nii.gz", nifti_file()["buffer"])
    open_files(page, {"name": "study.zip", "mimeType": "application/zip", "buffer": packed.getvalue()})
    expect(page.locator(".series-item b")).to_have_text(["Picture 1", "Picture 2", *["NIfTI 1"] * 3])
    page.get_by_role("button", name="中文").click()
    expect(page.locator(".series-item b").first).to_have_text("图片 1")


def test_the_zip_is_sound_and_names_no_patient(page: Page) -> None:
    sizes = (0, 1, 70_001)
    packed = page.evaluate(
        """async sizes => {
            const { zipped } = await import("/page/zip.js");
            const files = sizes.map((size) => new File([new Uint8Array(size).fill(size)], "Wang^Fang.NII.GZ"));
            return [...new Uint8Array(await (await zipped(files)).arrayBuffer())];
        }""",
        sizes,
    )
    with zipfile.ZipFile(io.BytesIO(bytes(packed))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["00001.nii.gz", "00002.nii.gz", "00003.nii.gz"]
        assert [archive.read(name) for name in archive.namelist()] == [bytes([size % 256]) * size for size in sizes]


def test_slices_change_by_keys_wheel_and_slider(page: Page) -> None:
    open_files(page, *ct_series(15))
    stage, value = page.locator("#stage"), page.locator("#slice-value")
    stage.focus()
    keys = (
        ("Home", 1),
        ("ArrowDown", 2),
        ("ArrowRight", 3),
        ("ArrowUp", 2),
        ("PageDown", 12),
        ("End", 15),
        ("ArrowDown", 15),
    )
    for key, slice_ in keys:
        page.keyboard.press(key)
        expect(value).to_have_text(f"{slice_} / 15")
    stage.hover()
    page.mouse.wheel(0, -100)
    expect(value).to_have_text("13 / 15")
    page.get_by_role("slider", name="Slice").fill("0")
    expect(value).to_have_text("1 / 15")
    expect(page.locator("#corner-slice")).to_have_text("1 / 15")


def test_only_the_newest_of_many_wishes_is_fetched(page: Page) -> None:
    open_files(page, *ct_series(15))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("slider", name="Slice").fill("0")
    page.locator("#stage").focus()
    for _ in range(14):
        page.keyboard.press("ArrowDown")
    with page.expect_response(re.compile(r"/slices/14/model")):
        expect(page.locator("#slice-value")).to_have_text("15 / 15")
    assert len([url for url in asked if url.endswith("/model") or "/model?" in url]) < 14


@pytest.mark.parametrize(
    ("name", "numbers"), [("lung", "C -600  W 1500"), ("bone", "C 400  W 1800"), ("brain", "C 40  W 80")]
)
def test_windows_change_the_picture(page: Page, name: str, numbers: str) -> None:
    open_files(page, ct_file())
    before = page.locator("#picture").get_attribute("src")
    page.get_by_label("Window", exact=True).select_option(name)
    expect(page.locator("#corner-window")).to_contain_text(numbers)
    expect(page.locator("#picture")).not_to_have_attribute("src", before or "")
    expect(page.locator("#custom-window")).to_be_hidden()


def test_all_windows_of_the_file_are_offered(page: Page) -> None:
    words = ["WINDOW1", "BONE"]
    open_files(page, ct_file(WindowCenter=[40, 300], WindowWidth=[400, 1500], WindowCenterWidthExplanation=words))
    choice = page.get_by_label("Window", exact=True)
    expect(choice.locator("option").nth(0)).to_have_text("Of the file (WINDOW1)")
    with page.expect_response(re.compile(r"/slices/0\?series=0&window=file_2$")) as shown:
        choice.select_option("Of the file 2 (BONE)")
    assert shown.value.status == 200
    expect(page.locator("#corner-window")).to_have_text("Of the file 2 (BONE)  C 300  W 1500")


def test_a_window_of_ones_own(page: Page) -> None:
    open_files(page, ct_file())
    page.get_by_label("Window", exact=True).select_option("custom")
    expect(page.get_by_label("Centre")).to_be_focused()
    with page.expect_response(re.compile(r"window=-100\.5,400$")) as shown:
        page.get_by_label("Centre").fill("-100.5")
        page.keyboard.press("Enter")
    assert shown.value.status == 200
    expect(page.locator("#corner-window")).to_have_text("C -100.5  W 400")


def test_dragging_with_the_right_button_changes_the_window(page: Page) -> None:
    open_files(page, ct_file())
    page.get_by_label("Window", exact=True).select_option("lung")
    x, y = _middle(page)
    page.mouse.move(x, y)
    page.mouse.down(button="right")
    page.mouse.move(x + 30, y - 60)
    page.mouse.move(x + 60, y - 120)
    page.mouse.up(button="right")
    page.mouse.move(x, y)
    expect(page.locator("#corner-window")).to_have_text("C -1200  W 1800")
    expect(page.get_by_label("Centre")).to_have_value("-1200")


def test_zoom_and_pan_by_buttons_keys_and_mouse(page: Page) -> None:
    open_files(page, png_file())
    value, canvas, stage = page.locator("#zoom-value"), page.locator("#canvas"), page.locator("#stage")
    page.get_by_role("button", name="Zoom in").click()
    expect(value).to_have_text("125%")
    stage.hover()
    page.mouse.wheel(0, -100)
    expect(value).to_have_text("156%")
    before = canvas.bounding_box()
    page.mouse.down()
    page.mouse.move(*[0.4 * each for each in _middle(page)])
    page.mouse.up()
    moved = canvas.bounding_box()
    assert before is not None
    assert moved is not None
    assert moved["x"] < before["x"]
    stage.focus()
    page.keyboard.press("Shift+ArrowLeft")
    assert (canvas.bounding_box() or {})["x"] > moved["x"]
    page.keyboard.press("0")
    expect(value).to_have_text("100%")
    page.keyboard.press("-")
    expect(value).to_have_text("100%")


def _middle(page: Page) -> tuple[float, float]:
    box = page.locator("#stage").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_volume_is_offered_in_three_planes(page: Page) -> None:
    open_files(page, nifti_file())
    items = page.locator(".series-item")
    expect(items).to_have_count(3)
    expect(items.nth(0)).to_contain_text("axial · 14")
    items.nth(2).click()
    expect(items.nth(2)).to_have_attribute("aria-pressed", "true")
    expect(items.nth(0)).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#corner-kind")).to_have_text("sagittal")


def test_a_corrupt_file_is_told_and_leaves_the_rest_as_it_was(page: Page) -> None:
    open_files(page, png_file())
    broken = ct_file("<b>broken</b>.dcm")
    broken["buffer"] = broken["buffer"][:4000]
    page.locator("#files").set_input_files([broken])
    expect(page.get_by_role("alert")).to_contain_text("<b>broken</b>.dcm cannot be opened: ")
    expect(page.locator("#picture")).to_have_js_property("naturalWidth", 60)
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#banner")).to_be_hidden()
    page.locator("#files").set_input_files([{"name": "notes.txt", "mimeType": "text/plain", "buffer": b"words"}])
    expect(page.get_by_role("alert")).to_contain_text("notes.txt cannot be opened: ")
    page.locator("#files").set_input_files([{"name": "empty.dcm", "mimeType": "", "buffer": b""}])
    expect(page.get_by_role("alert")).to_contain_text("There is no file in it.")


def test_a_study_is_removed_from_page_and_server(page: Page, page_url: str) -> None:
    with page.expect_response("**/v1/studies") as uploaded:
        open_files(page, png_file("first.png"))
    open_files(page, png_file("second.png"))
    study = uploaded.value.json()["id"]
    with page.expect_response(lambda response: response.request.method == "DELETE") as removed:
        page.get_by_role("button", name="Remove first.png").click()
    assert removed.value.status == 204
    assert httpx.get(f"{page_url}/v1/studies/{study}").status_code == 404
    expect(page.locator("#corner-title")).to_have_text("second.png")
    page.get_by_role("button", name="Remove second.png").click()
    expect(page.get_by_text("Drop images or a study here")).to_be_visible()


def test_names_of_files_stay_text(page: Page) -> None:
    name = "<img src=x onerror=alert(1)>.png"
    open_files(page, png_file(name))
    expect(page.locator("#corner-title")).to_have_text(name)
    expect(page.locator(".series-item b")).to_have_text(name)
    assert page.locator("img[src='x']").count() == 0


def test_a_folder_makes_one_study_without_its_lists(page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "thorax"
    folder.mkdir()
    for each in [*ct_series(2), {"name": "DICOMDIR", "buffer": b"list"}, {"name": ".hidden", "buffer": b"x"}]:
        (folder / each["name"]).write_bytes(each["buffer"])
    page.locator("#folder").set_input_files(folder)
    expect(page.locator(".series-item")).to_contain_text("thorax · 2 files")


def test_an_upload_can_be_cancelled(page: Page) -> None:
    page.route("**/v1/studies", lambda _route: None)
    page.locator("#files").set_input_files([png_file()])
    expect(page.locator("#upload")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#upload")).to_be_hidden()
    expect(page.locator("#banner")).to_be_hidden()
    expect(page.get_by_text("Drop images or a study here")).to_be_visible()


def test_an_engine_that_does_not_tell_what_the_model_sees(page: Page) -> None:
    page.route("**/model?*", lambda route: route.fulfill(status=404, json={"error": {"message": "not told"}}))
    page.locator("#files").set_input_files([png_file()])
    expect(page.locator("#picture")).to_be_visible()
    expect(page.locator("#model-view")).to_be_hidden()
    expect(page.locator("#banner")).to_be_hidden()
    expect(page.locator("#stage-fault")).to_be_hidden()


def test_files_are_dropped_on_the_page(page: Page) -> None:
    data = list(png_file()["buffer"])
    dropped = page.evaluate_handle(
        """bytes => { const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(bytes)], "dropped.png")); return transfer; }""",
        data,
    )
    page.locator("#stage").dispatch_event("dragenter", {"dataTransfer": dropped})
    expect(page.locator("body")).to_have_class("dropping")
    page.locator("#stage").dispatch_event("drop", {"dataTransfer": dropped})
    expect(page.locator("#corner-title")).to_have_text("dropped.png")
    expect(page.locator("body")).not_to_have_class("dropping")


def test_the_watch_over_the_policy_works(watched: Watched) -> None:
    page = watched.open()
    page.evaluate("() => { document.createElement('img').src = 'http://192.0.2.1/x.png'; }")
    page.evaluate("() => { try { document.body.innerHTML += '<i></i>'; } catch { } }")
    expect(page.locator("i")).to_have_count(0)
    assert len(watched.violations) == 2
    watched.violations.clear()
    watched.outside.clear()
