from typing import Any

import pytest

from doctorsun.errors import RequestError
from doctorsun.generate.request import Request


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prompt_ids": ()}, "prompt: got no token, expected at least one"),
        ({"max_tokens": 0}, "max_tokens: got 0, expected 1 or more"),
        ({"temperature": -0.5}, "temperature: got -0.5, expected 0 or more, finite"),
        ({"temperature": float("inf")}, "temperature: got inf, expected 0 or more, finite"),
        ({"temperature": float("nan")}, "temperature: got nan, expected 0 or more, finite"),
        ({"top_p": 0.0}, "top_p: got 0.0, expected above 0 and at most 1"),
        ({"top_p": 1.5}, "top_p: got 1.5, expected above 0 and at most 1"),
    ],
)
def test_settings_out_of_range_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError) as caught:
        Request(**{"prompt_ids": (1,), "max_tokens": 1, **change})
    assert str(caught.value) == message


def test_a_plain_request_is_greedy() -> None:
    assert Request(prompt_ids=(1,), max_tokens=1).temperature == 0
