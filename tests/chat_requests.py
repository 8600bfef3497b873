"""Requests of the OpenAI chat API for tests."""

import base64
from typing import Any


def question(text: str = "?") -> Any:
    """Return the turns of a question in words."""
    return [{"role": "user", "content": text}]


def body(**changes: Any) -> dict[str, Any]:
    """Return the body of a chat request to the model ``sun``."""
    return {"model": "sun", "messages": question(), **changes}


def data_url(image: bytes) -> str:
    """Return a PNG as a data URL."""
    return f"data:image/png;base64,{base64.b64encode(image).decode()}"


def with_image(image: bytes, text: str = "Left?") -> Any:
    """Return the turns of a question about a PNG."""
    shown = {"type": "image_url", "image_url": {"url": data_url(image)}}
    return [{"role": "user", "content": [shown, {"type": "text", "text": text}]}]
