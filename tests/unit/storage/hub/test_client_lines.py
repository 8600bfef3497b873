"""Lines of a hub's client: reports are not shown, and bars on terminals alone."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest

from doctorsun.storage.hub.client_lines import without_client_lines


class Screen(io.StringIO):
    """A standard error that is a terminal, or is none."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal


@pytest.mark.parametrize("is_terminal", [True, False])
def test_bars_are_shown_on_terminals_alone_and_reports_nowhere(*, is_terminal: bool):
    out, screen = io.StringIO(), Screen(is_terminal=is_terminal)
    with redirect_stdout(out), redirect_stderr(screen):
        with without_client_lines():
            sys.stdout.write("a report\n")
            sys.stderr.write("a bar\n")
        sys.stdout.write("our own\n")
        sys.stderr.write("our error\n")
    assert out.getvalue() == "our own\n"
    assert screen.getvalue() == ("a bar\nour error\n" if is_terminal else "our error\n")
