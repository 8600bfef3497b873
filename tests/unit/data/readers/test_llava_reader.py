"""Conversations in the spellings of LLaVA, ShareGPT and OpenAI, and alpaca's instructions, with every known trap."""

import base64
import json

import pytest

from doctorsun.data.readers.item import Dropped
from doctorsun.errors import DataError


def turns(*texts, first="human", second="gpt"):
    return [{"from": (first, second)[place % 2], "value": text} for place, text in enumerate(texts)]


def chat(*contents):
    return [{"role": ("user", "assistant")[place % 2], "content": content} for place, content in enumerate(contents)]


def shown(sample):
    """Return the turns as text, images as ``[image]``."""
    return [
        (turn.role, "".join(part.text if part.type == "text" else "[image]" for part in turn.content))
        for turn in sample.messages
    ]


def test_a_conversation_about_an_image(lay, picture, import_all):
    lay("images/a.jpg", picture())
    path = lay("a.json", [{"id": "x1", "image": "images/a.jpg", "conversations": turns("<image>\nWhat?", "A chest.")}])

    ((sample,),) = import_all("llava", path)

    assert shown(sample) == [("user", "[image]What?"), ("assistant", "A chest.")]
    (image,) = sample.images
    assert (image.bytes, image.width, image.height, image.path) == (picture(), 5, 3, "images/a.jpg")
    assert (sample.source.dataset, sample.source.original_id, sample.source.licence) == ("llava", "x1", "unknown")
    assert (sample.source.split, sample.language, sample.answer) == ("train", "en", None)


def test_what_the_user_states_holds_for_all_samples(lay, import_all):
    path = lay("a.jsonl", {"conversations": turns("哪里?", "Lung.")})

    ((sample,),) = import_all(
        "llava", path, dataset="own", licence="CC0-1.0", split="test", language="zh", domain="general"
    )

    source = sample.source
    assert (source.dataset, source.licence, source.split) == ("own", "CC0-1.0", "test")
    assert (sample.language, sample.domain) == ("zh", "general")


def test_a_text_only_first_record_hides_no_image_of_later_ones(lay, picture, import_all):
    lay("b.jpg", picture())
    records = [
        {"id": 1, "conversations": turns("问题", "回答")},
        {"id": 2, "image": "b.jpg", "extra": [1], "conversations": turns("<image>\nWhat?", "X-ray.")},
        {"id": 3, "image": None, "conversations": turns("Why?", "Because.")},
        {"id": 4, "image": "", "conversations": turns("Why?", "Because.")},
    ]

    samples = [item[0] for item in import_all("llava", lay("a.json", records))]

    assert [len(sample.images) for sample in samples] == [0, 1, 0, 0]
    assert [sample.language for sample in samples] == ["zh", "en", "en", "en"]


def test_equal_ids_in_a_file_make_different_samples(lay, import_all):
    items = import_all("llava", lay("a.json", [{"id": "same", "conversations": turns("Q?", "A.")}] * 2))

    assert len({sample.id for (sample,) in items}) == 2


def test_several_images_stand_where_their_marks_are(lay, picture, import_all):
    lay("a.jpg", picture(1))
    lay("b.jpg", picture(2))
    record = {
        "image": ["a.jpg", "b.jpg"],
        "conversations": turns("Compare <image> with\n<image>\nplease.", "Equal.", "Sure?", "Yes."),
    }

    ((sample,),) = import_all("llava", lay("a.json", [record]))

    assert shown(sample)[0] == ("user", "Compare [image] with[image]please.")
    assert [image.path for image in sample.images] == ["a.jpg", "b.jpg"]
    assert len(sample.messages) == 4


def test_images_that_no_text_marks_stand_first(lay, picture, import_all):
    lay("a.jpg", picture())
    record = {"system": "Be brief.", "images": ["a.jpg", "a.jpg"], "conversations": turns("What?", "A chest.")}

    ((sample,),) = import_all("llava", lay("a.json", [record]))

    assert shown(sample) == [("system", "Be brief."), ("user", "[image][image]What?"), ("assistant", "A chest.")]


@pytest.mark.parametrize(
    ("images", "text"),
    [(["a.jpg"], "<image><image> What?"), ([], "<image>\nWhat?"), (["a.jpg", "b.jpg"], "<image> What?")],
)
def test_other_numbers_of_marks_and_images_are_dropped(lay, import_all, images, text):
    path = lay("a.json", [{"images": images, "conversations": turns(text, "This.")}])

    (item,) = import_all("llava", path)

    assert item == Dropped(
        "a.json#1", "image_count", f"{path}, record 1: {text.count('<image>')} marks, {len(images)} images"
    )


def test_an_image_in_a_reply_is_dropped(lay, picture, import_all):
    lay("a.jpg", picture())
    path = lay("a.json", [{"image": "a.jpg", "conversations": turns("Draw.", "<image>")}])

    (item,) = import_all("llava", path)

    assert item.reason == "no_answer"


def test_openai_messages_with_typed_content(lay, picture, import_all):
    lay("a.jpg", picture(1))
    inline = "data:image/jpeg;base64," + base64.b64encode(picture(2)).decode()
    content = [
        {"type": "text", "text": "First"},
        {"type": "image_url", "image_url": {"url": "a.jpg"}},
        {"type": "text", "text": "then"},
        {"type": "image_url", "image_url": {"url": inline}},
    ]
    messages = [{"role": "developer", "content": "Answer."}, *chat(content, [{"type": "text", "text": "Both."}])]

    ((sample,),) = import_all("llava", lay("a.jsonl", {"messages": messages}))

    assert shown(sample) == [("system", "Answer."), ("user", "First[image]then[image]"), ("assistant", "Both.")]
    assert [(image.bytes, image.path) for image in sample.images] == [(picture(1), "a.jpg"), (picture(2), "")]


def test_messages_with_marks_in_text_and_images_beside(lay, picture, import_all):
    lay("a.jpg", picture())
    typed = [{"type": "image"}, {"type": "text", "text": "What?"}]
    records = [
        {"messages": chat("<image>What?", "This."), "images": ["a.jpg"]},
        {"messages": chat(typed, "This."), "images": [{"path": "a.jpg", "bytes": None}]},
    ]

    items = import_all("llava", lay("a.json", records))

    assert [shown(sample)[0] for (sample,) in items] == [("user", "[image]What?")] * 2


def test_turns_of_one_speaker_are_joined_and_loose_ends_cut(lay, import_all):
    loose = turns("Hello, I can help.", "Is it", "broken?", "Yes.", "And now?", first="gpt", second="human")
    loose[2]["from"] = "human"
    loose[3]["from"] = "gpt"
    loose[4]["from"] = "human"

    ((sample,),) = import_all("llava", lay("a.json", [{"conversations": loose}]))

    assert shown(sample) == [("user", "Is it\nbroken?"), ("assistant", "Yes.")]


def test_a_lone_reply_is_a_document(lay, import_all):
    ((sample,),) = import_all("llava", lay("a.json", [{"conversations": turns("肺炎是一种疾病。", first="gpt")}]))

    assert shown(sample) == [("assistant", "肺炎是一种疾病。")]


@pytest.mark.parametrize(
    ("conversation", "reason"),
    [
        (turns("Why?", "  "), "no_answer"),
        (turns("Why?"), "no_answer"),
        (turns(" ", "Because."), "no_question"),
        ([{"from": "system", "value": "Be kind."}, {"from": "gpt", "value": "I am."}], "no_question"),
        ([{"from": "tool", "value": "x"}, {"from": "gpt", "value": "y"}], "role"),
        (["Why?", "Because."], "role"),
        ([{"from": "human", "value": 3}, {"from": "gpt", "value": "y"}], "no_question"),
        ("Why?", "layout"),
        (turns("Why? \\ud83d", "Because."), "encoding"),
    ],
)
def test_conversations_that_teach_nothing_are_dropped(lay, import_all, conversation, reason):
    text = json.dumps({"conversations": conversation}).replace("\\\\", "\\")

    (item,) = import_all("llava", lay("a.jsonl", text))

    assert (item.original_id, item.reason) == ("a.jsonl#1", reason)


def test_a_damaged_image_drops_its_record_alone(lay, picture, import_all):
    lay("cut.jpg", picture(size=(256, 256))[:-20])
    lay("not.jpg", b"a web page")
    lay("a.jpg", picture())
    names = ("cut.jpg", "not.jpg", "a.jpg")
    records = [{"image": name, "conversations": turns("<image>\nWhat?", "This.")} for name in names]

    cut, other, whole = import_all("llava", lay("a.json", records))

    assert (cut.reason, cut.detail.split(":")[0]) == ("image", "cut.jpg")
    assert "truncated" in cut.detail
    assert (other.reason, other.detail.split(",")[0]) == (
        "image",
        "not.jpg: not a picture that can be read: got 10 bytes that begin with b'a web pa'",
    )
    assert whole[0].images[0].width == 5


def test_a_wrong_data_url_drops_its_record(lay, import_all):
    record = {"image": "data:image/png;base64,###", "conversations": turns("<image>\nWhat?", "This.")}

    (item,) = import_all("llava", lay("a.json", [record]))

    assert (item.reason, item.detail.split(":")[0]) == ("image", "data URL")


@pytest.mark.parametrize("name", ["gone/a.jpg", "https://example.org/a.jpg"])
def test_an_image_that_is_nowhere_stays_a_reference(lay, import_all, name):
    record = {"image": name, "conversations": turns("<image>\nWhat?", "This.")}

    ((sample,),) = import_all("llava", lay("a.json", [record]))

    (image,) = sample.images
    assert (image.bytes, image.sha256, image.width, image.path) == (None, "", 0, name)


def test_an_address_is_not_fetched_but_its_image_may_be_here(lay, picture, import_all):
    lay("x/a.jpg", picture())
    record = {"image": "https://example.org/x/a.jpg", "conversations": turns("<image>\nWhat?", "This.")}

    ((sample,),) = import_all("llava", lay("a.json", [record]))

    assert (sample.images[0].bytes, sample.images[0].path) == (picture(), "https://example.org/x/a.jpg")


def test_a_file_of_another_format_is_told(lay, import_all):
    path = lay("a.json", [{"question": "Why?", "answer": "Because."}])

    with pytest.raises(DataError, match=r"a.json, record 1: got the fields question, answer, expected one of conv"):
        import_all("llava", path)


def test_alpaca_with_input_system_and_history(lay, import_all):
    records = [
        {"instruction": "解释", "input": "肺炎", "output": "肺部的炎症。"},
        {
            "id": 7,
            "instruction": "And now?",
            "input": "",
            "output": "Rest.",
            "system": "Be kind.",
            "history": [["Q", "A"]],
        },
    ]

    first, second = (item[0] for item in import_all("alpaca", lay("a.json", records)))

    assert shown(first) == [("user", "解释\n肺炎"), ("assistant", "肺部的炎症。")]
    assert first.language == "zh"
    assert shown(second) == [
        ("system", "Be kind."),
        ("user", "Q"),
        ("assistant", "A"),
        ("user", "And now?"),
        ("assistant", "Rest."),
    ]
    assert second.source.original_id == "7"


def test_alpaca_with_images(lay, picture, import_all):
    lay("a.jpg", picture())
    marked = {"instruction": "<image>What is it?", "output": "A radiograph.", "images": ["a.jpg"]}
    unmarked = marked | {"instruction": "What is it?"}

    for ((sample,),) in (import_all("alpaca", lay("a.json", [record])) for record in (marked, unmarked)):
        assert shown(sample) == [("user", "[image]What is it?"), ("assistant", "A radiograph.")]
        assert sample.images[0].bytes == picture()


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"instruction": "<image>Why?", "output": "Because."}, "image_count"),
        ({"instruction": "Why?", "output": ""}, "no_answer"),
        ({"instruction": "", "output": "Because."}, "no_question"),
        ({"instruction": "Why?", "output": "Because.", "history": ["Q"]}, "layout"),
    ],
)
def test_instructions_that_teach_nothing_are_dropped(lay, import_all, record, reason):
    (item,) = import_all("alpaca", lay("a.json", [record]))

    assert item.reason == reason
