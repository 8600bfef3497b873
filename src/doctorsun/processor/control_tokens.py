"""Control tokens: those of the template stay what they are, and those that someone wrote are only words."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from tokenizers import Tokenizer

from doctorsun.schema import Message, Part

_MARK = "\ufdd0"
"""A code point that is never a character, so that text may carry it inside a program (Unicode 15, 23.7)."""


class ControlTokens:
    """The special tokens of a tokenizer, and the encoding of text in which some of their names are only words.

    Words pass through the chat template on their way to the tokenizer, and there nobody can tell any more who wrote
    what. So a mark is put into every control token in the words before, and taken out again when the template's own
    control tokens have been found.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        added = tokenizer.get_added_tokens_decoder().values()
        self._names = sorted((token.content for token in added if token.special), key=len, reverse=True)

    def as_words(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """Return messages whose control tokens are marked as words."""
        return tuple(
            replace(message, content=tuple(self._marked(part) for part in message.content)) for message in messages
        )

    def marked(self, text: str) -> str:
        """Return text whose control tokens are marked as words.

        The beginning of one at the very end is marked too: the next part of a message may hold the rest.
        """
        return self._written.sub(lambda found: found[0][0] + _MARK + found[0][1:], text)

    def encode(self, text: str) -> list[int]:
        """Return the ids of text; marked control tokens become words, the others their own id."""
        if _MARK not in text:
            return self._tokenizer.encode(text, add_special_tokens=False).ids
        ids: list[int] = []
        for piece in self._special.split(text):
            tokenizer = self._plain if _MARK in piece else self._tokenizer
            ids += tokenizer.encode(_unmarked(piece), add_special_tokens=False).ids
        return ids

    def _marked(self, part: Part) -> Part:
        return replace(part, text=self.marked(part.text)) if part.text else part

    @cached_property
    def _special(self) -> re.Pattern[str]:
        return re.compile(f"({'|'.join(map(re.escape, self._names))})")

    @cached_property
    def _written(self) -> re.Pattern[str]:
        beginnings = {name[:length] for name in self._names for length in range(1, len(name))}
        whole = [_MARK, *map(re.escape, self._names)]
        # Some templates trim what they are given, so blanks may follow.
        cut = [rf"{re.escape(each)}(?=\s*\Z)" for each in sorted(beginnings, key=len, reverse=True)]
        return re.compile("|".join(whole + cut))

    @cached_property
    def _plain(self) -> Tokenizer:
        """The same tokenizer, to which control tokens are words; a copy, because others use the first meanwhile."""
        copied = Tokenizer.from_str(self._tokenizer.to_str())
        copied.encode_special_tokens = True
        return copied


def _unmarked(text: str) -> str:
    """Take the marks out; a mark that stood in the words themselves was doubled."""
    return re.sub(f"{_MARK}({_MARK}?)", r"\1", text)
