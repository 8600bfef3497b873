"""Prose of every kind becomes documents without a question; and the real book's published numbers."""

import gzip
import json
import os
from pathlib import Path

import pytest

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.prose import open_openstax, open_prose
from doctorsun.errors import DataError
from doctorsun.text.passages import MAX_CHARACTERS


def items(opener, path, **settings):
    reader = opener(ImportSource(format="", path=str(path), **settings))
    return [reader.make(pending) for pending in reader.pending()]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.md", "# 肺\n\n左肺有**两叶**。"),
        ("a.html", "<h1>肺</h1><p>左肺有<b>两叶</b>。</p>"),
        ("a.xml", "<doc><title>肺</title><p>左肺有两叶。</p></doc>"),
        ("a.json", json.dumps([{"title": "肺", "text": "左肺有两叶。"}])),
        ("a.jsonl", json.dumps({"标题": "肺", "正文": "左肺有两叶。"})),
        ("a.csv", "title,content\n肺,左肺有两叶。\n"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_every_kind_gives_the_same_document(tmp_path, name, content, encoding):
    (tmp_path / name).write_bytes(content.encode(encoding))
    ((sample,),) = items(open_prose, tmp_path)

    (message,) = sample.messages
    assert (message.role, message.text) == ("assistant", "肺\n\n左肺有两叶。")
    assert (sample.task, sample.language, sample.answer) == ("text", "zh", None)
    assert sample.groups.article == sample.source.original_id
    assert sample.source.original_id.startswith(name)


def test_a_document_becomes_passages_of_one_article(tmp_path):
    sentence = "The lung has lobes. " * 40
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(f"{sentence}\n\n{sentence}".encode()))
    ((first, second),) = items(open_prose, tmp_path, language="en", domain="general", split="test")

    assert first.groups == second.groups
    assert first.id != second.id
    assert len(first.messages[0].text) <= MAX_CHARACTERS
    assert (first.domain, first.source.split, first.source.dataset) == ("general", "test", "prose")


def test_lists_of_literature_are_left_out(tmp_path):
    (tmp_path / "a.md").write_text("## Lung\n\nText.\n\n## References\n\n### Books\n\nGray.\n\n## Heart\n\nMore.\n")
    (found,) = items(open_prose, tmp_path)

    assert [sample.messages[0].text for sample in found] == ["Lung\n\nText.", "Heart\n\nMore."]


def test_what_has_no_text_is_dropped(tmp_path):
    (tmp_path / "a.md").write_text("---\ntitle: x\n---\n\n![p](a.png)\n")
    (tmp_path / "b.jsonl").write_text('{"text": null}')

    assert items(open_prose, tmp_path) == [Dropped("a.md", "no_text"), Dropped("b.jsonl#1", "no_text")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xml", "<doc><p>open</doc>", r"a.xml: got mismatched tag.*, expected an XML document"),
        ("a.xml", "<!DOCTYPE d [<!ENTITY e 'x'>]><d>&e;</d>", r"a.xml: got EntitiesForbidden"),
        ("a.jsonl", '{"words": "x"}', r"a.jsonl, line 1: got the fields words, expected one of text, content"),
        ("a.txt", "x\0y", r"a.txt, line 1: got a NUL byte"),
        ("a.pdf", "x", r"got no file, expected .md, .markdown, .txt"),
    ],
)
def test_wrong_files_are_named(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)

    with pytest.raises(DataError, match=message):
        items(open_prose, tmp_path)


@pytest.mark.skipif("DOCTORSUN_TEST_DATA" not in os.environ, reason="DOCTORSUN_TEST_DATA names no folder of real data")
def test_the_real_book_has_its_published_pages():
    found = items(open_openstax, Path(os.environ["DOCTORSUN_TEST_DATA"]) / "openstax_anatomy")
    texts = [sample.messages[0].text for item in found for sample in item]

    assert len(found) == 198
    assert max(map(len, texts)) <= MAX_CHARACTERS
    assert not [text for text in texts if any(mark in text for mark in ("[link", "{:", "](", "**", "<div", "&#"))]
    assert {sample.language for item in found for sample in item} == {"en"}
