"""Parallel texts in every layout become translations either way; and TICO-19's published numbers."""

import os
from collections import Counter
from pathlib import Path

import pytest

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.parallel import open_parallel
from doctorsun.data.readers.tico19 import open_tico19
from doctorsun.errors import DataError

TMX = """<?xml version="1.0" encoding="UTF-8"?>
<tmx version="1.4"><header srclang="en"/><body>
<tu tuid="CMU_1:1"><prop type="note">from</prop>
<tuv xml:lang="en"><seg>a <hi>high</hi> fever &amp; cough</seg></tuv><tuv xml:lang="zh"><seg>高热和咳嗽</seg></tuv></tu>
</body></tmx>"""
NAMED = "id,sourceLang,targetLang,sourceString,targetString\n"


def items(opener, path):
    reader = opener(ImportSource(format="", path=str(path)))
    return [reader.make(pending) for pending in reader.pending()]


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.tmx", TMX),
        ("a.csv", "en,zh\na high fever & cough,高热和咳嗽\n"),
        ("a.csv", "中文,English\n高热和咳嗽,a high fever & cough\n"),
        ("a.csv", NAMED + "1,en,zh-CN,a high fever & cough,高热和咳嗽\n"),
        ("a.csv", NAMED + "1,zh-Hans,en,高热和咳嗽,a high fever & cough\n"),
        ("a.jsonl", '{"en": "a high fever & cough", "zh-CN": "高热和咳嗽"}'),
        ("a.en", "a high fever & cough\n"),
    ],
)
def test_every_layout_gives_a_translation_either_way(tmp_path, name, text):
    if name == "a.en":
        write(tmp_path / "a.zh", "高热和咳嗽\n")
    ((forth, back),) = items(open_parallel, write(tmp_path / name, text))

    assert [message.text for message in forth.messages] == [
        "Translate into Chinese:\na high fever & cough",
        "高热和咳嗽",
    ]
    assert [message.text for message in back.messages] == ["请翻译成英文：\n高热和咳嗽", "a high fever & cough"]
    assert (forth.task, back.task) == ("translation:en-zh", "translation:zh-en")
    assert (back.variant.of, back.variant.kind, forth.variant) == (forth.id, "translation", None)
    assert (forth.answer, forth.id == back.id) == (None, False)


def test_traditional_characters_are_asked_for(tmp_path):
    ((forth, _),) = items(open_parallel, write(tmp_path / "a.csv", "en,zh-TW\nfever,發燒\n"))

    assert forth.messages[0].text == "Translate into Traditional Chinese:\nfever"


@pytest.mark.parametrize(
    ("row", "reason", "detail"),
    [
        ("fever,", "no_translation", "en: 'fever', zh: ''"),
        ("nan,发热", "no_translation", "en: '', zh: '发热'"),
        ("CDC,CDC", "not_translated", "en: 'CDC', zh: 'CDC'"),
        ("发热,发烧", "not_translated", "en: '发热', zh: '发烧'"),
    ],
)
def test_what_is_no_translation_is_dropped(tmp_path, row, reason, detail):
    path = write(tmp_path / "a.csv", f"en,zh\n{row}\n")

    assert items(open_parallel, path) == [Dropped("a.csv#1", reason, detail)]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.tmx", TMX[:-20], r"a.tmx: got .*, expected a TMX file"),
        (
            "a.tmx",
            "<!DOCTYPE t [<!ENTITY e 'x'>]><tmx>&e;</tmx>",
            r"a.tmx: got EntitiesForbidden.*, expected a TMX file",
        ),
        ("a.tmx", "<tmx><body/></tmx>", r"a.tmx: got no translation unit, expected at least one"),
        ("a.tmx", TMX.replace('"zh"', '"fr"'), r"a.tmx, unit 1: got the languages en, fr, expected en and zh"),
        ("a.csv", "en,fr\na,b\n", r"a.csv, line 2: got the fields en, fr, expected one of zh, zh-cn"),
        ("a.en", "one\n", r"a.en: got no file of the other language, expected a.zh beside it"),
        ("b.en", "one\ntwo\n", r"b.zh: got 1 lines, expected 2, as in b.en"),
    ],
)
def test_wrong_files_are_named(tmp_path, name, text, message):
    write(tmp_path / "b.zh", "一\n")

    with pytest.raises(DataError, match=message):
        items(open_parallel, write(tmp_path / name, text))


def test_tico19_tells_documents_and_forms_of_terms(tmp_path):
    write(tmp_path / "data/TM/all.en-zh.tmx", TMX)
    write(tmp_path / "data/TM/all.en-fr.tmx", TMX.replace('"zh"', '"fr"'))
    write(tmp_path / "data/terminologies/g_en_zh-CN.csv", NAMED + "1,en,zh-CN,contagious,可传染 : 有传染性 :\n")
    (sentence, _), (term, back) = items(open_tico19, tmp_path)

    assert sentence.groups.article == "CMU_1"
    assert (sentence.source.licence, sentence.source.original_id) == ("CC0-1.0", "data/TM/all.en-zh.tmx#CMU_1:1")
    assert (term.task, back.task) == ("term:en-zh", "term:zh-en")
    assert (term.messages[1].text, term.answer.kind, term.answer.gold) == ("可传染", "open", ("可传染", "有传染性"))
    assert (back.messages[0].text, back.answer.gold) == ("请翻译成英文：\n可传染", ("contagious",))


@pytest.mark.skipif("DOCTORSUN_TEST_DATA" not in os.environ, reason="DOCTORSUN_TEST_DATA names no folder of real data")
def test_the_real_tico19_has_its_published_numbers():
    found = items(open_tico19, Path(os.environ["DOCTORSUN_TEST_DATA"]) / "tico19_en_zh")
    samples = [sample for item in found if not isinstance(item, Dropped) for sample in item]

    assert len(found) == 3071 + 2 * 306 + 2 * 337 + 50
    assert Counter(item.reason for item in found if isinstance(item, Dropped)) == {"not_translated": 41}
    tasks = Counter(sample.task for sample in samples)
    assert (tasks["translation:en-zh"], tasks["translation:zh-en"]) == (3071, 3071)
    assert (tasks["term:en-zh"], tasks["term:zh-en"]) == (1295, 1295)
    assert len({sample.id for sample in samples}) == len(samples)
