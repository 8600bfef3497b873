"""Conversations with weights and with servers: the road of serving, and any server's answers."""

import warnings
from pathlib import Path

import pytest

from answer_alone import answer_alone
from backend_fakes import ScriptedBackend
from doctorsun.errors import ImageError, RequestError
from doctorsun.generate.engine import LocalEngine
from doctorsun.recipes.chat import Conversation, open_chat
from doctorsun.schema import text_part
from doctorsun.weights.hugging_face import load_weights
from serve_fakes import serving
from small_model import assistant, image_part, png, save_small, user


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small(tmp_path_factory.mktemp("weights") / "small")


def test_weights_answer_as_they_do_alone_and_remember_what_was_said(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(1))
    model, processor = load_weights(weights)
    alone = LocalEngine(model, image_mean=processor.images.mean, image_std=processor.images.std)
    with open_chat(str(weights), max_tokens=12) as conversation:
        left = conversation.ask("Left?")
        next(left)
        left.close()  # as Ctrl-C does; it is forgotten
        first = "".join(conversation.ask("Is there a nodule?", tmp_path / "a.png"))
        second = "".join(conversation.ask("左肺有结节吗?"))
    asked = user(image_part(), text_part("Is there a nodule?"))
    assert first == answer_alone(alone, processor, [asked], [png(1)], 12)
    turns = [asked, assistant(first), user("左肺有结节吗?")]
    assert second == answer_alone(alone, processor, turns, [png(1)], 12)


def test_a_question_that_does_not_fit_is_refused_and_the_conversation_goes_on(weights: Path) -> None:
    with open_chat(str(weights), max_tokens=3) as conversation:
        with pytest.raises(RequestError, match="length of prompt and answer"):
            list(conversation.ask("nodule " * 3000))
        assert list(conversation.ask("?"))


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [("a.dcm", b"II*\0" + bytes(124) + b"DICM", "dicom"), ("a.nii.gz", b"\x1f\x8b", "gzip")],
    ids=["dicom", "gzip"],
)
def test_a_file_that_only_the_page_shows_is_told_where(name: str, content: bytes, kind: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    told = rf"{name}: image of a question: got a {kind} file, expected .* show it on the page of 'doctorsun serve'"
    with warnings.catch_warnings(action="error"), pytest.raises(ImageError, match=told):
        next(Conversation(lambda _messages, _images: iter(())).ask("?", tmp_path / name))


def test_any_server_answers() -> None:
    backend = ScriptedBackend()
    with serving(backend.app()) as url:
        with open_chat(url, max_tokens=5) as conversation:
            assert "".join(conversation.ask("有结节吗？")) == "左肺"
        backend.cards = {"data": []}
        with pytest.raises(RequestError, match=f"server {url}: got no model, expected one"):
            open_chat(url, max_tokens=5).__enter__()
    assert (backend.asked[0]["model"], backend.asked[0]["max_tokens"]) == ("moon", 5)
