"""The conversation in the terminal: questions, commands, Ctrl-C, errors, and text that must not steer a terminal."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from doctorsun.cli.chat import Dialogue, printable
from doctorsun.cli.session import Language
from doctorsun.cli.words import say
from doctorsun.errors import ImageError
from small_model import save_small


class EchoConversation:
    """Answers with the question and the image's name, in two pieces; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Path | None]] = []
        self.num_resets = 0

    def ask(self, text: str, image: Path | None = None) -> Iterator[str]:
        self.asked.append((text, image))
        if text == "broken":
            raise ImageError("the image is broken", do="choose another")
        yield f"{text} "
        if text == "long":
            raise KeyboardInterrupt
        yield f"{image.name if image else '-'}"

    def reset(self) -> None:
        self.num_resets += 1


class Typist:
    """Types lines; an exception among them is raised, and at the end comes Ctrl-D."""

    def __init__(self, *lines: str | type[BaseException]) -> None:
        self.lines = iter(lines)
        self.prompts: list[str] = []

    def __call__(self, prompt: str) -> str:
        self.prompts.append(prompt)
        line = next(self.lines, EOFError)
        if isinstance(line, str):
            return line
        raise line


def talk(
    *lines: str | type[BaseException], image: Path | None = None, language: Language = "en"
) -> tuple[str, EchoConversation]:
    printed: list[str] = []
    conversation = EchoConversation()
    Dialogue(conversation, language, write=printed.append, image=image).run(Typist(*lines))
    return "".join(printed).removeprefix(say("chat_hint", language) + "\n"), conversation


def test_questions_are_answered_until_the_end_of_input():
    printed, conversation = talk("one", "  ", "two")
    assert printed == "model> one -\nmodel> two -\n\n"
    assert conversation.asked == [("one", None), ("two", None)]


@pytest.mark.parametrize("command", ["/quit", "/exit"])
def test_quit_leaves_at_once(command: str):
    printed, conversation = talk(command, "never")
    assert printed == ""
    assert conversation.asked == []


def test_help_says_the_commands_again():
    printed, conversation = talk("/help")
    assert printed == say("chat_hint", "en") + "\n\n"
    assert conversation.asked == []


def test_an_image_is_shown_with_the_next_question_only(tmp_path: Path):
    path = tmp_path / "a b.png"
    path.write_bytes(b"")
    printed, conversation = talk(f"/image '{path}'", "what?", "and?")
    assert printed.splitlines()[0] == f"the next question shows {path}"
    assert conversation.asked == [("what?", path), ("and?", None)]


def test_the_image_of_the_command_line_goes_with_the_first_question(tmp_path: Path):
    _, conversation = talk("what?", image=tmp_path / "a.png")
    assert conversation.asked == [("what?", tmp_path / "a.png")]


def test_a_missing_image_is_told_and_the_one_before_is_kept(tmp_path: Path):
    printed, conversation = talk("/image absent.png", "what?", image=tmp_path / "a.png")
    assert printed.startswith("there is no file absent.png\n")
    assert conversation.asked == [("what?", tmp_path / "a.png")]


def test_new_forgets_words_and_image(tmp_path: Path):
    printed, conversation = talk("/new", "what?", image=tmp_path / "a.png")
    assert printed.startswith("a new conversation\n")
    assert conversation.num_resets == 1
    assert conversation.asked == [("what?", None)]


def test_an_unknown_command_is_not_asked():
    printed, conversation = talk("/imag a.png")
    assert printed.startswith("no such command: /imag\n")
    assert conversation.asked == []


def test_ctrl_c_ends_the_answer_but_not_the_conversation():
    printed, _ = talk("long", "next")
    assert printed == "model> long  [stopped]\nmodel> next -\n\n"


def test_ctrl_c_at_the_prompt_shows_the_hint():
    printed, conversation = talk(KeyboardInterrupt, "next")
    assert say("chat_hint", "en") in printed
    assert conversation.asked == [("next", None)]


def test_an_error_is_printed_and_the_conversation_goes_on():
    printed, _ = talk("broken", "next")
    assert printed == "model> error: the image is broken; choose another\nmodel> next -\n\n"


def test_the_reader_is_asked_with_a_prompt_each_time():
    typist = Typist("/new")
    Dialogue(EchoConversation(), "zh", write=[].append).run(typist)
    assert typist.prompts == ["您> ", "您> "]


def test_it_speaks_chinese():
    printed, _ = talk("/new", "图像", language="zh")
    assert printed == "新对话\n模型> 图像 -\n\n"


def test_lines_in_another_encoding_are_told_and_the_conversation_goes_on(tmp_path: Path):
    """A real process: what the terminal gives as bytes, and what it can show, is decided outside of the dialogue."""
    save_small(tmp_path / "small")
    command = [sys.executable, "-m", "doctorsun", "--lang", "en", "chat", str(tmp_path / "small"), "--max-tokens", "2"]
    lines = b"\xb9\xc7?\n/image \xb9\n/new\n"
    done = subprocess.run(
        command, input=lines, capture_output=True, check=False, env=os.environ | {"LC_ALL": "C.UTF-8"}
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"model> error: question: got bytes that are not UTF-8, expected text in UTF-8; set the" in done.stdout
    assert b"there is no file \nyou> a new conversation\n" in done.stdout


def test_control_and_half_characters_are_left_out():
    assert printable("a\udcb9b") == "ab"
    assert printable("a\x1b[2J\tb\nc\u202ed\u9aa8") == "a[2J\tb\ncd\u9aa8"
