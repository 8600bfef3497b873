import base64

import pytest

from doctorsun.endpoint.messages import chat_messages, data_url
from doctorsun.errors import RequestError
from doctorsun.schema import Message, image_part, text_part

PNG, JPEG = b"\x89PNG\r\n\x1a\n1", b"\xff\xd8\xff\xe02"


def test_images_stand_at_their_places() -> None:
    messages = (
        Message(role="system", content=(text_part("Be brief."),)),
        Message(role="user", content=(image_part(), text_part("before"), image_part(), text_part("after"))),
    )
    assert chat_messages(messages, (PNG, JPEG)) == [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": data_url(PNG)}},
                {"type": "text", "text": "before"},
                {"type": "image_url", "image_url": {"url": data_url(JPEG)}},
                {"type": "text", "text": "after"},
            ],
        },
    ]


@pytest.mark.parametrize(("image", "kind"), [(PNG, "image/png"), (JPEG, "image/jpeg")])
def test_a_data_url_holds_the_image(image: bytes, kind: str) -> None:
    head, _, body = data_url(image).partition(",")
    assert (head, base64.b64decode(body)) == (f"data:{kind};base64", image)


def test_other_images_are_refused() -> None:
    with pytest.raises(RequestError, match="image to send: got bytes that begin 47 49 46 38, expected PNG or JPEG"):
        data_url(b"GIF8")


def test_images_and_places_must_agree() -> None:
    question = (Message(role="user", content=(image_part(), text_part("?"))),)
    with pytest.raises(RequestError, match="images of a conversation: got 2, expected 1"):
        chat_messages(question, (PNG, PNG))
