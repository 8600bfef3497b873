"""Exported records that people changed, and images that were taken away or put in another's place."""

import json

from doctorsun.data.readers.item import Dropped

OURS = {"id": "s", "source": {"dataset": "d"}}


def record(**changed):
    turns = [{"from": "human", "value": "Where is it?"}, {"from": "gpt", "value": "Left."}]
    return {"id": "s", "conversations": turns, "doctorsun": OURS} | changed


def test_mended_words_stay_mended(lay, import_all):
    turns = [{"from": "human", "value": "Where is it?"}, {"from": "gpt", "value": "Right."}]
    said = [{"role": "assistant", "content": [{"type": "text", "text": " Left. "}]}]
    path = lay(
        "a.json", [record(conversations=turns), record(conversations=turns, doctorsun=OURS | {"messages": said})]
    )
    assert [item[0].messages[1].text for item in import_all("llava", path)] == ["Right.", "Right."]


def test_what_only_we_read_may_be_its_json_text(lay, import_all):
    (((sample),),) = import_all("llava", lay("a.json", [record(doctorsun=json.dumps(OURS))]))
    assert (sample.id, sample.source.dataset) == ("s", "d")


def test_damaged_records_are_dropped_with_what_is_wrong(lay, import_all):
    damaged = {
        "doctorsun.language: Input should be": OURS | {"language": "fr"},
        "doctorsun.id: Field required": {"source": {"dataset": "d"}},
        "doctorsun: ": "{",
        "doctorsun: 'int' object": 7,
        "doctorsun.objects.0.box_px": OURS | {"objects": [{"label": "l", "box_px": [1, 2]}]},
    }
    items = import_all("llava", lay("a.json", [record(doctorsun=each) for each in damaged.values()]))
    for item, detail in zip(items, damaged, strict=True):
        assert isinstance(item, Dropped)
        assert item.reason == "layout"
        assert detail in item.detail


def test_words_that_point_at_no_object_are_dropped(lay, import_all):
    said = [{"role": "assistant", "content": [{"type": "text", "text": "<box>#0</box>"}]}]
    (item,) = import_all("llava", lay("a.json", [record(doctorsun=OURS | {"messages": said})]))
    assert (item.reason, "0 objects" in item.detail) == ("box", True)


def test_images_are_those_that_were_exported(lay, import_all, picture):
    lay("images/a.jpg", picture(1))
    lay("images/b.jpg", picture(2))
    turns = [{"from": "human", "value": "<image>\nWhere is it?"}, {"from": "gpt", "value": "Left."}]
    other = {"sha256": "0" * 64, "width": 5, "height": 3, "path": "scan.dcm"}
    unknown = {"sha256": "", "width": 0, "height": 0, "path": "scan.dcm", "facts": {"slice": 4}}
    records = [
        record(conversations=turns, image="images/a.jpg", doctorsun=OURS | {"images": [other]}),
        record(conversations=turns, image="images/gone.jpg", doctorsun=OURS | {"images": [other]}),
        record(conversations=turns, image="images/b.jpg", doctorsun=OURS | {"images": [unknown]}),
        record(conversations=turns, images=["images/a.jpg", "images/b.jpg"], doctorsun=OURS | {"images": [other]}),
    ]
    replaced, gone, added, surplus = import_all("llava", lay("a.json", records))

    assert (replaced.reason, "another picture" in replaced.detail) == ("image", True)
    assert (gone[0].images[0].bytes, gone[0].images[0].sha256) == (None, "0" * 64)
    found = added[0].images[0]
    assert (found.bytes, found.width, found.path, found.facts.slice) == (picture(2), 5, "scan.dcm", 4)
    assert (surplus.reason, "2 images, 1 when it was exported" in surplus.detail) == ("image_count", True)
