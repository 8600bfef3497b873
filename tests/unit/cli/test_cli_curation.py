"""The command that curates: what it prints, and how it refuses wrong settings."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from doctorsun.cli.main import app
from doctorsun.cli.session import Session
from doctorsun.errors import DataError, RecipeError
from doctorsun.storage.store import Store
from raw_store import NUM_NON_COMMERCIAL, NUM_SAMPLES, write_raw_store


def output(*arguments: str | Path, language: str = "en") -> str:
    session = Session("zh" if language == "zh" else "en")
    done = CliRunner().invoke(app, list(map(str, arguments)), obj=session, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return write_raw_store(tmp_path / "raw").folder


def test_it_prints_what_is_kept_and_why_the_rest_went(raw: Path, tmp_path: Path) -> None:
    told = json.loads(output("data", "curate", raw, "--out", tmp_path / "out", "--json"))
    assert (told["read"], told["dropped"]) == (NUM_SAMPLES, NUM_NON_COMMERCIAL)
    assert told["train"] + told["validation"] + told["test"] == told["kept"] == NUM_SAMPLES - NUM_NON_COMMERCIAL
    assert told["dropped_reasons"] == {"licence": NUM_NON_COMMERCIAL}
    assert told["sha256"] == Store(tmp_path / "out").sha256
    table = output("data", "curate", raw, "--out", tmp_path / "out", language="zh")
    assert all(word in table for word in ("读取", "保留", "剔除", "训练", "原因", "许可类别不被允许"))


def test_the_card_is_written_and_an_allowed_licence_stands_in_it(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    output("data", "curate", raw, "--out", out, "--allow-licence", "non-commercial")
    assert Store(out).manifest.dropped == 0
    assert "Licences let in: permissive, attribution, share-alike, non-commercial" in (out / "card.html").read_text()
    assert (out / "card.md").exists()


def test_settings_come_from_a_page_and_null_takes_a_step_out(raw: Path, tmp_path: Path) -> None:
    page = tmp_path / "steps.yaml"
    page.write_text("licences: null\nsmallest_side: {least_px: 80}\n")
    told = json.loads(output("data", "curate", raw, "--out", tmp_path / "out", "--steps", page, "--json"))
    assert told["dropped_reasons"].keys() == {"too_small"}
    assert "licences" not in {step["step"] for step in Store(tmp_path / "out").manifest.steps}


def test_pages_of_sources_are_collected_beside_the_store(tmp_path: Path) -> None:
    turns = [{"from": "human", "value": "What is a nodule?"}, {"from": "gpt", "value": "A small round mass."}]
    (tmp_path / "chat.json").write_text(json.dumps([{"id": "1", "conversations": turns}]))
    page = tmp_path / "all.yaml"
    page.write_text("name: ours\nsources:\n  chat: {format: llava, path: chat.json, licence: MIT}\n")
    out = tmp_path / "stores/clean"
    told = json.loads(output("data", "curate", page, "--root", tmp_path, "--out", out, "--json"))
    assert (told["read"], told["kept"]) == (1, 1)
    assert Store(out).manifest.parents == (Store(tmp_path / "stores/clean.collected/ours").sha256,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("smalest_side: {}\n", r"steps.yaml:1:1: smalest_side: unknown key: .* did you mean 'smallest_side'\?"),
        ("aspect:\n  most: wide\n", r"steps.yaml:2:9: aspect.most: .*got 'wide'"),
        ("text_length: {least_tokens: 9, most_tokens: 8}\n", "least_tokens 9 is above most_tokens 8: no text passes"),
    ],
)
def test_wrong_settings_are_told_with_their_place(raw: Path, tmp_path: Path, text: str, message: str) -> None:
    page = tmp_path / "steps.yaml"
    page.write_text(text)
    with pytest.raises(RecipeError, match=message):
        output("data", "curate", raw, "--out", tmp_path / "out", "--steps", page)


def test_an_unknown_class_of_licences_is_refused(raw: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"--allow-licence: got 'nc', expected one of permissive, .*, unknown"):
        output("data", "curate", raw, "--out", tmp_path / "out", "--allow-licence", "nc")
    assert not (tmp_path / "out").exists()


def test_a_class_of_licences_that_is_nearly_right_is_named(raw: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="did you mean 'non-commercial'"):
        output("data", "curate", raw, "--out", tmp_path / "out", "--allow-licence", "noncommercial")


@pytest.mark.parametrize("inside", ["", "x", "shards/x"])
def test_nothing_is_written_into_a_source(raw: Path, inside: str) -> None:
    before = sorted(raw.rglob("*"))
    with pytest.raises(DataError, match=r"got the source .*raw or a folder in it; name a new folder"):
        output("data", "curate", raw, "--out", raw / inside)
    assert sorted(raw.rglob("*")) == before


def test_a_store_of_nothing_is_told(raw: Path, tmp_path: Path) -> None:
    page = tmp_path / "steps.yaml"
    page.write_text("smallest_side: null\ntext_length: {least_tokens: 8000}\n")
    told = json.loads(output("data", "curate", raw, "--out", tmp_path / "out", "--steps", page, "--json"))
    assert told["kept"] == 0
    assert told["notes"] == [f"{tmp_path / 'out'} holds no sample: every one was left out"]
