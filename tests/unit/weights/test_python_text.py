"""Values in the text of a Python file, which never runs."""

from pathlib import Path

import pytest

from doctorsun.weights.python_text import MAX_CHARACTERS, UNREAD, read_values

TEXT = """
import os
name = 'llama'
path: str = 'annotated'
alpha = 2 * 8
layer = -2
model = dict(type=Model.from_pretrained, path=name, layers=[1, (2.5, None)], deep={'a': True, 3: 'b', name: 1}, **other)
first, second = 1, 2
template = PROMPT.llama3_chat
called = open('x')
escaped = '\\d'
"""


def test_plain_values_are_read_and_the_rest_is_told_apart():
    values = read_values(TEXT)
    assert values == {
        "name": "llama",
        "alpha": UNREAD,
        "layer": -2,
        "model": {
            "type": "Model.from_pretrained",
            "path": "llama",
            "layers": [1, [2.5, None]],
            "deep": {"a": True, "3": "b"},
        },
        "template": "PROMPT.llama3_chat",
        "called": UNREAD,
        "escaped": "\\d",
    }


def test_nothing_runs(tmp_path: Path):
    read_values(f"open({str(tmp_path / 'made')!r}, 'w')\nx = [open({str(tmp_path / 'made')!r}, 'w')]\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["x = ", "print 'old'", "\0", "x = " + "(" * 5000, "x = " + "-" * 100_000 + "1"])
def test_text_that_is_no_python_is_told(text: str):
    with pytest.raises(ValueError, match=r"."):
        read_values(text)


def test_a_text_without_end_is_told():
    with pytest.raises(ValueError, match=f"{MAX_CHARACTERS + 1} characters"):
        read_values("#" * (MAX_CHARACTERS + 1))
