import base64
import io
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image as Picture

from doctorsun.eval.protocols import protocols_named
from doctorsun.report.evaluation.items import (
    MAX_CHARACTERS,
    THUMBNAIL_PX,
    Item,
    ItemAnswer,
    choose_items,
    in_turn,
    judge,
    num_items_of_each,
)
from doctorsun.report.evaluation.record import TaskRecord, read_evaluation
from doctorsun.report.gallery import data_uri
from doctorsun.schema import Image, Prediction


def task_of(folder: Path) -> TaskRecord:
    return read_evaluation(folder).tasks[0]


def row(name: str = "q", output: str = "yes", **changes: object) -> Prediction:
    known = Prediction(
        id=name,
        task="vqa_rad",
        language="en",
        kind="closed",
        question="Is it?",
        options=(),
        gold=("yes",),
        output=output,
        cluster="c",
    )
    return replace(known, **changes)


def item(name: str, output: str) -> Item:
    asked = row(name, output)
    answer = ItemAnswer(control="real", row=asked, judgements=(judge(asked, protocols_named("polarity@2")[0]),))
    return Item(answers=(answer,))


def test_verdicts_say_right_wrong_and_invalid() -> None:
    polarity, tokens = protocols_named("polarity@2")[0], protocols_named("open_tokens@1")[0]
    asked = [row(output=text) for text in ("Yes.", "no", "perhaps")] + [row(status="error", output="it broke")]
    assert [judge(each, polarity).verdict for each in asked] == ["right", "wrong", "invalid", "invalid"]
    half = judge(row(kind="open", gold=("left lung",), output="left"), tokens)
    assert (half.protocol, half.metric, half.verdict) == ("open_tokens@1", "f1", "partly")
    assert 0.5 < half.value < 1


def test_each_verdict_has_its_turn() -> None:
    items = [item(f"r{number}", "yes") for number in range(5)] + [item("w", "no"), item("i", "perhaps")]
    assert [each.asked.id for each in in_turn(items, 4)] == ["r0", "w", "i", "r1"]


def test_every_question_has_the_answers_of_all_controls_and_its_picture(evaluation: Path) -> None:
    items = choose_items(task_of(evaluation), 20)
    assert len(items) == 20
    assert all([answer.control for answer in each.answers] == ["real", "blank"] for each in items)
    assert all(len(each.pictures) == 1 and each.pictures[0].width == 128 for each in items)
    assert Counter(each.verdict for each in items)["wrong"] >= 5
    assert all(each.answers[0].judgements for each in items)
    assert items == choose_items(task_of(evaluation), 20)


def test_without_the_store_items_have_no_pictures(evaluation: Path, tmp_path: Path) -> None:
    task = replace(task_of(evaluation), folder=tmp_path)
    items = choose_items(task, 5)
    assert len(items) == 5
    assert not any(each.pictures for each in items)


def test_protocols_of_other_hands_do_not_judge_here(evaluation: Path) -> None:
    task = task_of(evaluation)
    theirs = replace(task, scores=tuple(replace(score, protocol="their_judge") for score in task.scores))
    assert not any(answer.judgements for each in choose_items(theirs, 5) for answer in each.answers)


def test_long_texts_are_cut() -> None:
    long = "a" * (MAX_CHARACTERS + 30)
    answer = ItemAnswer(control="real", row=row(output=long, question=long, options=("b" + long,)), judgements=())
    assert (len(answer.text), answer.num_more) == (MAX_CHARACTERS, 30)
    shown = Item(answers=(answer,))
    assert len(shown.question) == MAX_CHARACTERS + 1
    assert shown.options[0].startswith("A. baa")
    assert len(shown.options[0]) < MAX_CHARACTERS + 5


def test_options_that_the_question_says_are_not_said_twice() -> None:
    options = ("left", "right")
    bare = row(options=options)
    worded = row(question="Which side?\nA. left\nB. right", options=options)
    shown = [Item(answers=(ItemAnswer(control="real", row=each, judgements=()),)).options for each in (bare, worded)]
    assert shown == [["A. left", "B. right"], []]


def test_large_pictures_become_thumbnails() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (400, 600, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Picture.fromarray(noise).save(buffer, "PNG")
    image = Image(bytes=buffer.getvalue(), sha256="0" * 64, width=600, height=400)
    uri = data_uri(image, side_px=THUMBNAIL_PX, large_bytes=1000)
    with Picture.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as small:
        assert max(small.size) == THUMBNAIL_PX


def test_a_page_of_many_tasks_shows_fewer_items_of_each() -> None:
    assert [num_items_of_each(number) for number in (0, 1, 4, 1000)] == [240, 240, 60, 12]
