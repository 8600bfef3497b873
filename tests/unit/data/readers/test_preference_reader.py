"""Preferences in the layouts of TRL, LLaMA-Factory, ms-swift and shareAI, with what makes no pair."""

import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from doctorsun.data.readers.item import Dropped
from doctorsun.errors import DataError


def said(role: str, text: str) -> dict[str, str]:
    return {"role": role, "content": text}


def human(text: str) -> dict[str, str]:
    return {"from": "human", "value": text}


ASKED = said("user", "Is it broken?")
SHAPES: dict[str, dict[str, Any]] = {
    "texts": {"prompt": "Is it broken?", "chosen": "No.", "rejected": "Yes."},
    "turns": {"prompt": [ASKED], "chosen": [said("assistant", "No.")], "rejected": [said("assistant", "Yes.")]},
    "implicit": {"chosen": [ASKED, said("assistant", "No.")], "rejected": [ASKED, said("assistant", "Yes.")]},
    "prompt told twice": {
        "prompt": "Is it broken?",
        "chosen": [ASKED, said("assistant", "No.")],
        "rejected": [ASKED, said("assistant", "Yes.")],
    },
    "instruction": {"instruction": "Is it", "input": "broken?", "chosen": "No.", "rejected": "Yes."},
    "sharegpt": {
        "conversations": [human("Is it broken?")],
        "chosen": {"from": "gpt", "value": "No."},
        "rejected": {"from": "gpt", "value": "Yes."},
    },
    "messages": {"messages": [ASKED, said("assistant", "No.")], "rejected_response": "Yes."},
    "chinese first": {"question": "Is it broken?", "answer_zh": "No.", "answer_en": "Yes."},
}


@pytest.mark.parametrize("record", SHAPES.values(), ids=SHAPES.keys())
def test_each_layout_gives_question_reply_and_rejected_reply(lay, import_all, record) -> None:
    ((sample,),) = import_all("preference", lay("a.jsonl", record))
    question, reply = sample.messages
    assert question.text.split() == ["Is", "it", "broken?"]
    assert (question.role, reply.role, reply.text, sample.rejected) == ("user", "assistant", "No.", ("Yes.",))
    assert (sample.source.dataset, sample.language, sample.answer) == ("preference", "en", None)


def test_several_rejected_replies_stand_once_each(lay, import_all) -> None:
    record = {
        "prompt": "骨折了吗?",
        "chosen": "没有。",
        "rejected": ["是的。", "没有。", "", None, "是的。", "不知道。"],
    }
    ((sample,),) = import_all("preference", lay("a.json", [record]))
    assert (sample.rejected, sample.language) == (("是的。", "不知道。"), "zh")


def test_what_was_said_before_and_images_belong_to_the_question(lay, picture, import_all) -> None:
    lay("a.jpg", picture())
    record = {
        "id": "x1",
        "image": "a.jpg",
        "system": "Be brief.",
        "conversations": [human("<image>\nWhat?"), {"from": "gpt", "value": "A hand."}, human("Broken?")],
        "chosen": "No.",
        "rejected": "Yes.",
    }
    ((sample,),) = import_all("preference", lay("a.json", [record]))
    assert [message.role for message in sample.messages] == ["system", "user", "assistant", "user", "assistant"]
    assert [message.num_images for message in sample.messages] == [0, 1, 0, 0, 0]
    assert (len(sample.images), sample.rejected, sample.source.original_id) == (1, ("Yes.",), "x1")


def test_a_history_of_pairs_comes_first(lay, import_all) -> None:
    record = {"instruction": "Broken?", "history": [["What?", "A hand."]], "chosen": "No.", "rejected": "Yes."}
    ((sample,),) = import_all("preference", lay("a.json", [record]))
    assert [message.text for message in sample.messages] == ["What?", "A hand.", "Broken?", "No."]


def test_parquet_is_read_like_json(tmp_path, import_all) -> None:
    path = tmp_path / "a.parquet"
    rows = [SHAPES["turns"], SHAPES["turns"] | {"rejected": [said("assistant", "Perhaps.")]}]
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert [sample.rejected for (sample,) in import_all("preference", path)] == [("Yes.",), ("Perhaps.",)]


@pytest.mark.parametrize(
    ("changes", "reason", "detail"),
    [
        ({"rejected": ""}, "rejected", "no rejected reply"),
        ({"rejected": None}, "rejected", "no rejected reply"),
        ({"rejected": []}, "rejected", "no rejected reply"),
        ({"rejected": " No. "}, "rejected", "the chosen reply as the rejected one"),
        ({"rejected": [said("user", "Sure?"), said("assistant", "Yes.")]}, "rejected", "a rejected reply to another"),
        ({"chosen": ""}, "no_answer", ""),
        ({"chosen": None}, "no_answer", ""),
        ({"prompt": ""}, "no_question", ""),
        ({"rejected": "Yes. <image>"}, "image_count", ""),
        ({"rejected": "\ud83d"}, "encoding", ""),
        ({"rejected": {"role": "referee", "content": "Yes."}}, "role", ""),
        ({"chosen": [{}], "rejected": [{}]}, "role", ""),
    ],
)
def test_what_makes_no_pair_is_dropped_with_its_reason(lay, import_all, changes, reason, detail) -> None:
    path = lay("a.jsonl", json.dumps(SHAPES["texts"] | changes))
    (item,) = import_all("preference", path)
    assert isinstance(item, Dropped)
    assert item.reason == reason
    assert item.detail.startswith(f"{path}, ")
    assert detail in item.detail


def test_a_file_without_rejected_replies_is_of_another_format(lay, import_all) -> None:
    path = lay("a.json", [{"prompt": "Why?", "chosen": "So."}])
    with pytest.raises(DataError, match=r"expected one of .*rejected.*; choose the format that the file has"):
        import_all("preference", path)
