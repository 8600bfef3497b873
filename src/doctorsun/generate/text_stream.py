"""Turning new tokens into text as they come: whole characters only, ended by stop texts."""

from collections.abc import Callable, Sequence

_INCOMPLETE = "\N{REPLACEMENT CHARACTER}"


class TextStream:
    """The text of one answer while it is written.

    A byte-level tokenizer may cut a Chinese character into several tokens; nothing of it is shown before it is
    whole. Text that may be the beginning of a stop text is held back until that is settled.

    Args:
        decode: turns token ids into text, leaving special tokens out.
        stop: the answer ends before the first of these.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str], stop: Sequence[str] = ()) -> None:
        self._decode = decode
        self._stop = tuple(stop)
        self._ids: list[int] = []
        # Ids before _context are done with; those before _read are shown and kept because some tokenizers write
        # a token differently at the very beginning of a text.
        self._context = 0
        self._read = 0
        self._held = ""
        self.stopped = False

    def push(self, token_id: int) -> str:
        """Take one token and return the text that can now be shown, often none."""
        self._ids.append(token_id)
        known = self._decode(self._ids[self._context : self._read])
        text = self._decode(self._ids[self._context :])
        if text.endswith(_INCOMPLETE):
            return ""
        self._context, self._read = self._read, len(self._ids)
        return self._show(text[len(known) :])

    def flush(self) -> str:
        """Return what was held back, when no token is left to come."""
        known = self._decode(self._ids[self._context : self._read])
        text = self._decode(self._ids[self._context :])
        self._context = self._read = len(self._ids)
        shown = self._show(text[len(known) :])
        held, self._held = self._held, ""
        return shown + held

    def _show(self, text: str) -> str:
        if self.stopped:
            return ""
        self._held += text
        ends = [end for end in (self._held.find(stop) for stop in self._stop) if end >= 0]
        if ends:
            self.stopped = True
            shown, self._held = self._held[: min(ends)], ""
            return shown
        num_held = max((_overlap(self._held, stop) for stop in self._stop), default=0)
        shown, self._held = self._held[: len(self._held) - num_held], self._held[len(self._held) - num_held :]
        return shown


def _overlap(text: str, stop: str) -> int:
    """Return how many characters at the end of ``text`` may begin ``stop``."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)
