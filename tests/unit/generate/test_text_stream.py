from collections.abc import Sequence

import pytest

from doctorsun.generate.text_stream import TextStream
from doctorsun.processor.processor import Processor


def decode_bytes(ids: Sequence[int]) -> str:
    """One token per byte, as an untrained byte-level tokenizer has it."""
    return bytes(ids).decode(errors="replace")


def decode_words(ids: Sequence[int]) -> str:
    """A tokenizer that leaves the space before the first word out."""
    return " ".join(f"w{i}" for i in ids)


def streamed(text: str | bytes, stop: Sequence[str] = ()) -> list[str]:
    stream = TextStream(decode_bytes, stop)
    pieces = [stream.push(byte) for byte in (text if isinstance(text, bytes) else text.encode())]
    return [*pieces, stream.flush()]


def test_chinese_is_shown_character_by_character() -> None:
    pieces = streamed("左肺有结节 x")
    assert [piece for piece in pieces if piece] == ["左", "肺", "有", "结", "节", " ", "x"]


def test_broken_bytes_are_shown_once_it_is_certain() -> None:
    assert "".join(streamed(b"ok \xe5\xb7")) == "ok \N{REPLACEMENT CHARACTER}"
    assert "".join(streamed(b"a\xe5b")) == "a\N{REPLACEMENT CHARACTER}b"


def test_spaces_between_words_survive() -> None:
    stream = TextStream(decode_words)
    assert [stream.push(i) for i in range(4)] == ["w0", " w1", " w2", " w3"]


@pytest.mark.parametrize(
    ("text", "stop", "shown", "stopped"),
    [
        ("one. two. three", ["."], "one", True),
        ("one. two\n\nthree", ["\n\n", "zz"], "one. two", True),
        ("a\nb\n", ["\n\n"], "a\nb\n", False),
        ("aab", ["ab"], "a", True),
        ("xyzzy", ["zy", "yz"], "x", True),
        ("没有结节。谢谢", ["。"], "没有结节", True),
        ("abc", ["abcd"], "abc", False),
    ],
)
def test_a_stop_text_ends_the_answer_and_is_not_shown(text: str, stop: list[str], shown: str, *, stopped: bool) -> None:
    stream = TextStream(decode_bytes, stop)
    pieces = [stream.push(byte) for byte in text.encode()]
    assert "".join([*pieces, stream.flush()]) == shown
    assert stream.stopped is stopped


def test_what_may_begin_a_stop_text_is_held_back() -> None:
    assert streamed("a###b", ["###!"]) == ["a", "", "", "", "###b", ""]


def test_nothing_follows_a_stop_text() -> None:
    stream = TextStream(decode_bytes, ["!"])
    assert [stream.push(byte) for byte in b"a!b"] == ["a", "", ""]


def test_a_real_tokenizer_gives_back_its_text(processor: Processor) -> None:
    text = "右上肺见结节影, 8 mm; no effusion 🫁."
    stream = TextStream(processor.decode)
    pieces = [stream.push(token) for token in processor.tokenizer.encode(text, add_special_tokens=False).ids]
    assert "".join(pieces) == text
    assert not any("\N{REPLACEMENT CHARACTER}" in piece for piece in pieces)
