"""An export imported again gives the same samples, in every format."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from doctorsun.data.export.export import EXPORT_FORMATS
from doctorsun.data.readers.phantom import phantom_item, phantom_text_item
from doctorsun.data.readers.vqa_rad import VqaRadReader
from doctorsun.schema import (
    Answer,
    Deidentification,
    Groups,
    Image,
    ImageFacts,
    MadeBy,
    Message,
    Object,
    Source,
    Variant,
    image_part,
    text_part,
)
from doctorsun.storage.store import Store

every_format = pytest.mark.parametrize("name", [each.name for each in EXPORT_FORMATS])
BOX = "<ref>polyp</ref><box>#{}</box>"


@pytest.fixture
def same(export, read_back, stored, tmp_path):
    """Return a check: samples stored, exported and imported are equal, in order."""

    def check(name: str, *samples: object) -> None:
        store = stored(*samples)
        export(store, name, tmp_path / "out")
        items = read_back(name, tmp_path / "out")
        assert [item[0] if isinstance(item, tuple) else item for item in items] == list(store)

    return check


@every_format
def test_phantoms_and_their_words_come_back(name, same):
    images = [sample for number in range(9) for sample in phantom_item(7, "train", number)]
    texts = [sample for number in range(4) for sample in phantom_text_item(7, "train", number)]
    assert {sample.language for sample in images + texts} == {"en", "zh"}
    assert any("<box>#" in message.text for sample in images for message in sample.messages)

    same(name, *images, *texts)


@every_format
def test_everything_that_a_sample_may_hold_comes_back(name, same, sample, image):
    facts = ImageFacts(spacing_mm=(0.7, 0.1 + 0.2), window=(40.0, 400.0), slice=17, orientation="L\\P")
    full = sample(
        "full",
        "右侧有积液吗？",
        images=(image(3, facts=facts), image(4, "JPEG")),
        source=Source(dataset="d", version="2", url="u", licence="", split="validation", original_id="o"),
        answer=Answer(kind="mcq", gold=("B",), options=("有", "没有")),
        rejected=("没有。", "不知道。"),
        variant=Variant(of="other", kind="negation"),
        language="mixed",
        domain="general",
        task="presence:effusion",
        modality="ct",
        anatomy="chest",
        department="radiology",
        labels=("effusion",),
        objects=(Object(label="effusion", box_px=(0.5, 1.0, 2.25, 3.0), image=1),),
        facts='{"a": [1, null]}',
        groups=Groups(patient="p", study="s", article="a"),
        made_by=MadeBy(method="llm", template="t", model="m", prompt_sha256="f"),
        deidentification=Deidentification(profile="basic", version="1"),
    )
    same(name, full)


@every_format
def test_images_that_are_not_here_come_back_as_references(name, same, sample, image):
    known = replace(image(1), bytes=None)
    lost = Image(bytes=None, sha256="", width=0, height=0, path="slake/imgs/xmlab1/source.jpg")
    nameless = Image(bytes=None, sha256="", width=0, height=0)
    boxed = replace(sample("boxed", BOX.format(0), images=(lost,)), objects=(Object(label="l", box_px=(9, 8, 99, 98)),))
    same(
        name,
        sample("known", "Q?", images=(known,)),
        sample("lost", "Q?", images=(lost,)),
        sample("nameless", "Q?", images=(nameless,)),
        sample("mixed", "Q?", images=(lost, image(2), known)),
        boxed,
    )


@every_format
@pytest.mark.parametrize(
    "parts",
    [
        (image_part(), "first", image_part(), "second"),
        ("before ", image_part(), " after\n", image_part()),
        ("a", "b", image_part(), image_part()),
        (image_part(), image_part()),
        ("an <image> in words", image_part(), image_part(), "\n"),
        ("{'from': \"gpt\"} \\ 𠮷 \u2028 \x00", image_part(), image_part()),
    ],
)
def test_words_and_images_stand_where_they_stood(name, same, sample, image, parts):
    same(name, sample("s", *parts, images=(image(1), image(2, "JPEG"))))


@every_format
def test_conversations_of_every_shape_come_back(name, same, sample, image):
    def turn(role, *texts):
        return Message(role=role, content=tuple(map(text_part, texts)))

    shown = Message(role="user", content=(image_part(), text_part("And here?")))
    long = (turn("system", " Be brief. "), turn("user", "Q?"), turn("assistant", "A."), shown, turn("assistant", "B."))
    same(
        name,
        sample("document", reply="文章。\n\n第二段。"),
        sample("several", messages=long, images=(image(1),)),
        sample("unanswered", messages=(turn("user", "Q?"),)),
        sample("twice", messages=(turn("user", "Q?"), turn("user", "R?"), turn("assistant", "A."))),
    )


@every_format
def test_boxes_come_back_even_if_their_numbers_are_the_same(name, same, sample, image):
    boxes = ((1.0, 1.0, 3.0, 3.0), (1.0, 1.0, 3.0, 3.0001), (0.0, 0.0, 8.0, 4.0))
    objects = tuple(Object(label="polyp", box_px=box) for box in boxes)
    samples = [
        sample(f"b{number}", "Where?", reply=BOX.format(number), images=(image(1),), objects=objects)
        for number in range(3)
    ]
    same(name, *samples, sample("written", "<box>[[0.125, 0.250, 0.375, 0.750]]</box>?", images=(image(1),)))


@every_format
def test_one_image_of_many_samples_and_equal_ids_come_back(name, same, sample, image):
    same(name, *[sample("same.id/with dots", f"Question {number}?", images=(image(1),)) for number in range(130)])


@every_format
@pytest.mark.skipif("DOCTORSUN_TEST_DATA" not in os.environ, reason="DOCTORSUN_TEST_DATA names no folder of real data")
def test_a_real_set_comes_back(name, same):
    root = Path(os.environ["DOCTORSUN_TEST_DATA"]) / "vqa_rad"
    if not root.is_dir():
        pytest.skip(f"{root} is not there")
    reader = VqaRadReader(root, "test")
    samples = [sample for pending in reader.pending() for sample in reader.make(pending)]
    assert len(samples) > 400

    same(name, *samples)


@every_format
def test_an_export_of_an_import_of_an_export_has_the_same_bytes(
    name, export, read_back, *, stored, tmp_path, sample, image
):
    store = stored(*[sample(f"s{number}", "Q?", images=(image(number),)) for number in range(5)], sample("t", "Q?"))
    export(store, name, tmp_path / "once")
    again = stored(*[item[0] for item in read_back(name, tmp_path / "once")], name="again")
    export(Store(again.folder), name, tmp_path / "twice")

    assert content(tmp_path / "once") == content(tmp_path / "twice")


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
