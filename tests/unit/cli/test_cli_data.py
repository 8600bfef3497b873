"""Commands on stores and predictions: what they print."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from doctorsun.cli.main import app
from doctorsun.cli.session import Language, Session
from doctorsun.errors import DataError
from doctorsun.eval.predictions import write_predictions
from doctorsun.schema import Image, Message, Prediction, Sample, Source, image_part, text_part
from doctorsun.storage.store import StoreWriter


def sample(number: int, language: str) -> Sample:
    question = Message(role="user", content=(image_part(), text_part("积液？" if language == "zh" else "Effusion?")))
    answer = Message(role="assistant", content=(text_part("是。" if language == "zh" else "Yes."),))
    return Sample(
        id=f"s{number}",
        messages=(question, answer),
        source=Source(dataset="d"),
        images=(Image(bytes=None, sha256="", width=0, height=0, path="gone.png"),),
        language="zh" if language == "zh" else "en",
        modality="chest_xray",
        task="presence:effusion",
    )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    with StoreWriter(folder, name="d/test", step={"step": "made"}) as writer:
        writer.add([sample(0, "zh"), sample(1, "en")])
        writer.add([sample(2, "en")])
        writer.drop("bad", "broken image")
    return folder


def output(*arguments: str, language: Language = "en") -> str:
    done = CliRunner().invoke(app, arguments, obj=Session(language), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_stats_count_what_a_store_holds(store: Path):
    facts = json.loads(output("data", "stats", str(store), "--json"))
    assert (facts["name"], facts["rows"], facts["read"], facts["kept"], facts["dropped"]) == ("d/test", 3, 3, 2, 1)
    assert facts["counts"]["language"] == {"en": 2, "zh": 1}
    assert facts["dropped_reasons"] == {"broken image": 1}
    assert "broken image  1" in output("data", "stats", str(store))


def test_show_prints_the_first_samples(store: Path):
    text = output("data", "show", str(store), "--n", "1")
    assert text.splitlines() == [
        "# s0  zh  chest_xray  presence:effusion",
        "user: [image] 积液？",
        "assistant: 是。",
        "",
    ]
    assert [each["id"] for each in json.loads(output("data", "show", str(store), "--json"))] == ["s0", "s1", "s2"]


def test_show_prints_rejected_replies_behind_the_one_that_is_preferred(tmp_path: Path):
    preferred = replace(sample(0, "zh"), rejected=("否。", "不知道。"))
    with StoreWriter(tmp_path / "store", name="d", step={"step": "test"}) as writer:
        writer.add([preferred])
    lines = output("data", "show", str(tmp_path / "store")).splitlines()
    assert lines[2:] == ["assistant: 是。", "rejected: 否。", "rejected: 不知道。", ""]


def test_show_prints_what_was_dropped_by_its_reason(tmp_path: Path):
    folder = tmp_path / "store"
    with StoreWriter(folder, name="d", step={}, rows_per_shard=2) as writer:
        writer.drop("a.json#1", "no_answer", "a.json, record 1")
        writer.drop("a.json#2", "layout", "a.json, record 2: got list, expected a JSON object")
        writer.add([sample(0, "zh"), sample(1, "en")])
        writer.drop("a.json#4", "layout", "a.json, record 4: got 图, expected a JSON object")
    whole = [
        ("layout", "a.json#2", "a.json, record 2: got list, expected a JSON object"),
        ("layout", "a.json#4", "a.json, record 4: got 图, expected a JSON object"),
        ("no_answer", "a.json#1", "a.json, record 1"),
    ]

    def shown(*arguments: str) -> list[tuple[str, ...]]:
        told = json.loads(output("data", "show", str(folder), "--dropped", "--json", *arguments))
        return [tuple(row.values()) for row in told]

    assert shown() == whole
    assert shown("--n", "1") == [whole[0], whole[2]]
    header, *lines = output("data", "show", str(folder), "--dropped").splitlines()
    assert header.split() == ["reason", "item", "detail"]
    assert tuple(lines[1].rstrip().split(maxsplit=2)) == whole[1]
    assert len(lines) == 3


def test_show_finds_a_damaged_or_missing_list_of_what_was_dropped(store: Path):
    (path,) = store.glob("dropped/*")
    path.write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"dropped/00000.parquet: got .*, expected a list of dropped items; copy the"):
        output("data", "show", str(store), "--dropped")
    path.unlink()
    with pytest.raises(DataError, match=r"dropped: got 0 items, expected 1, as the manifest says; copy the store"):
        output("data", "show", str(store), "--dropped")


def test_verify_finds_a_damaged_shard(store: Path):
    assert output("data", "verify", str(store), language="zh") == "所有分片均与其哈希一致\n"
    shard = next(store.glob("shards/*.parquet"))
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    with pytest.raises(DataError, match=shard.name):
        output("data", "verify", str(store))


def test_export_writes_a_folder_that_import_reads(store: Path, tmp_path: Path):
    out = tmp_path / "out"
    row = json.loads(output("data", "export", str(store), "--format", "messages", "--out", str(out), "--json"))
    assert row == {
        "export": str(out),
        "format": "messages",
        "samples": 3,
        "train": 3,
        "samples with images that are not here": 3,
    }
    again = json.loads(output("data", "import", "llava", str(out), "--out", str(tmp_path / "again"), "--json"))
    assert (again["samples"], again["zh"], again["en"]) == (3, 1, 2)
    with pytest.raises(DataError, match="nothing to export"):
        output("data", "export", str(store), "--format", "hf", "--out", str(tmp_path / "x"), "--split", "test")


def test_score_reads_the_answers_of_any_model(tmp_path: Path):
    path = tmp_path / "predictions.parquet"
    rows = [
        Prediction(
            id=str(number),
            task="phantom",
            language="en",
            kind="closed",
            question="Effusion?",
            options=(),
            gold=("yes",),
            output=answer,
            cluster=str(number),
        )
        for number, answer in enumerate(("Yes.", "No.", "Yes, there is.", "Perhaps."))
    ]
    write_predictions(path, rows)
    scores = json.loads(output("score", str(path), "--json"))["scores"]
    accuracy = next(each for each in scores if each["metric"] == "accuracy" and each["slice"] is None)
    assert (accuracy["value"], accuracy["n"], accuracy["num_invalid"]) == (0.5, 4, 1)
    table = output("score", str(path), "--protocol", "polarity@2", "--protocol", "lmms_slake@1")
    assert "polarity@2" in table
    assert "lmms_slake@1" in table


def test_card_prints_where_page_and_markdown_are(store: Path):
    printed = output("data", "card", str(store), language="zh").splitlines()
    assert printed == [str(store / "card.html"), str(store / "card.md")]
    assert '<html lang="zh-CN">' in (store / "card.html").read_text(encoding="utf-8")
