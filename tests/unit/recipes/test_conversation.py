from collections.abc import Iterator, Sequence

import pytest

from doctorsun.errors import RequestError
from doctorsun.recipes.chat import Conversation
from doctorsun.schema import Message


def test_a_question_in_another_encoding_is_refused_and_not_remembered() -> None:
    asked: list[list[str]] = []

    def answer(messages: Sequence[Message], _images: Sequence[bytes]) -> Iterator[str]:
        asked.append([message.text for message in messages])
        yield "No."

    conversation = Conversation(answer)
    with pytest.raises(RequestError, match="question: got bytes that are not UTF-8, expected text in UTF-8; set the"):
        list(conversation.ask(b"\xb9\xc7?".decode(errors="surrogateescape")))
    assert list(conversation.ask("骨?")) == ["No."]
    assert asked == [["骨?"]]
