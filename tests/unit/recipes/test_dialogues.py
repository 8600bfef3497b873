import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from doctorsun.recipes.dialogues import choose, print_dialogues
from doctorsun.schema import Sample
from doctorsun.storage.store import Store
from small_model import image, png, question, write_store


def asked(name: str, number: int, **fields: str) -> Sample:
    return question(name, f"{name}?", "Yes.", image(png(number)), **fields)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two radiographs, then one MR image; each with questions in both languages and one for a box."""
    samples = [
        asked(f"{modality}-{number}-{language}-{task}", number, modality=modality, language=language, task=task)
        for number, modality in enumerate(["xray", "xray", "mr"])
        for language, task in (
            ("en", "box:nodule"),
            ("en", "modality"),
            ("zh", "side"),
            ("zh", "report"),
            ("en", "yes"),
        )
    ]
    text = question("text", "?", "Yes.", modality="xray", language="en")
    return write_store(tmp_path / "store", [text, *samples])


def test_modalities_and_languages_take_turns(store: Store) -> None:
    chosen = [[sample.id for sample in samples] for samples in choose(store, 3)]
    assert chosen == [
        ["xray-0-zh-side", "xray-0-zh-report"],
        ["mr-2-en-modality", "mr-2-en-yes"],
        ["xray-1-zh-side", "xray-1-zh-report"],
    ]


def test_no_more_are_chosen_than_there_are(store: Store) -> None:
    assert len(choose(store, 9)) == 3
    assert choose(store, 0) == []


def test_an_image_with_one_language_is_asked_in_it(tmp_path: Path) -> None:
    store = write_store(tmp_path / "store", [asked("only", 0, modality="xray", language="en")])
    assert [[sample.id for sample in samples] for samples in choose(store, 1)] == [["only"]]


@pytest.mark.parametrize(("language", "word"), [("en", "question: 有结节吗?"), ("zh", "问: 有结节吗?")])
def test_dialogues_are_printed_as_they_stand(tmp_path: Path, language: str, word: str) -> None:
    turns = [{"question": "有结节吗?", "answer": "[bold]否", "truth": "是", "language": "zh"}]
    (tmp_path / "dialogues.json").write_text(json.dumps([{"image": "dialogues/image-1.png", "turns": turns}]))
    console = Console(file=io.StringIO(), width=60)
    print_dialogues(tmp_path, console, language)
    printed = console.file.getvalue()
    assert word in printed
    assert "[bold]否" in printed


def test_a_run_without_dialogues_prints_none(tmp_path: Path) -> None:
    console = Console(file=io.StringIO())
    print_dialogues(tmp_path, console, "en")
    assert console.file.getvalue() == ""
