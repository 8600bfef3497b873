"""Control tokens: those of the template stay what they are, and those that someone wrote are only words."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from tokenizers import Tokenizer

from doctorsun.processor.blanks import blank_rule, without_blank
from doctorsun.schema import Message, Part

MARK = "\ufdd0"
"""A code point that is never a character, so that text may carry it inside a program (Unicode 15, 23.7)."""


class ControlTokens:
    """The special tokens of a tokenizer, and the encoding of text in which some of their names are only words.

    Words pass through the chat template on their way to the tokenizer, and there nobody can tell any more who wrote
    what. So a mark is put into every control token in the words before, and taken out again when the template's own
    control tokens have been found.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        special = {index: each.content for index, each in tokenizer.get_added_tokens_decoder().items() if each.special}
        self._tokenizer = tokenizer
        self._whole = _TwoWays(tokenizer)
        self._rule = blank_rule(tokenizer)
        self._ids = frozenset(special)
        self._names = sorted(special.values(), key=len, reverse=True)

    def as_words(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """Return messages whose control tokens are marked as words."""
        return tuple(
            replace(message, content=tuple(self._marked(part) for part in message.content)) for message in messages
        )

    def marked(self, text: str) -> str:
        """Return text whose control tokens are marked as words.

        The beginning of one at the very end is marked too: the next part of a message may hold the rest.
        """
        return self._written.sub(lambda found: found[0][0] + MARK + found[0][1:], text)

    def encode(self, text: str, after: int | None = None) -> list[int]:
        """Return the ids of text; marked control tokens become words, the others their own id.

        Args:
            text: a whole text, or a part of one.
            after: the id that stands before the part; some tokenizers begin a text with a blank of its own, and a
                part has none. None: nothing stands before it.
        """
        if MARK not in text and self._is_like_whole(after):
            return self._tokenizer.encode(text, add_special_tokens=False).ids
        ids: list[int] = []
        for piece in self._special.split(text):
            last = ids[-1] if ids else after
            tokenizer = self._whole if self._is_like_whole(last) else self._inner
            words = tokenizer.as_words if MARK in piece else tokenizer.as_tokens
            ids += words.encode(_unmarked(piece), add_special_tokens=False).ids
        return ids

    def _is_like_whole(self, after: int | None) -> bool:
        """Return whether a part in this place is encoded as a whole text is."""
        if self._rule == "none" or after is None:
            return True
        return self._rule == "every text" and after in self._ids

    def _marked(self, part: Part) -> Part:
        return replace(part, text=self.marked(part.text)) if part.text else part

    @cached_property
    def _inner(self) -> "_TwoWays":
        """The tokenizer for parts that have no blank of their own before them."""
        return _TwoWays(without_blank(self._tokenizer))

    @cached_property
    def _special(self) -> re.Pattern[str]:
        return re.compile(f"({'|'.join(map(re.escape, self._names))})")

    @cached_property
    def _written(self) -> re.Pattern[str]:
        beginnings = {name[:length] for name in self._names for length in range(1, len(name))}
        whole = [MARK, *map(re.escape, self._names)]
        # Some templates trim what they are given, so blanks may follow.
        cut = [rf"{re.escape(each)}(?=\s*\Z)" for each in sorted(beginnings, key=len, reverse=True)]
        return re.compile("|".join(whole + cut))


class _TwoWays:
    """A tokenizer to which control tokens are what they are, and one to which they are words."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.as_tokens = tokenizer

    @cached_property
    def as_words(self) -> Tokenizer:
        """A copy, because others use the first meanwhile."""
        copied = Tokenizer.from_str(self.as_tokens.to_str())
        copied.encode_special_tokens = True
        return copied


def _unmarked(text: str) -> str:
    """Take the marks out; a mark that stood in the words themselves was doubled."""
    return re.sub(f"{MARK}({MARK}?)", r"\1", text)
