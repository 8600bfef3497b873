"""What a sample asks, and the digests by which a question is known again in other dress."""

import hashlib
import re
from collections.abc import Iterable

from doctorsun.schema import Sample
from doctorsun.text.normalize import exact_form, fold

_LABEL = re.compile(r"^(?:question|q|问题|题目|问)\s*[:：.]\s*", re.IGNORECASE)
_OPTIONS = re.compile(r"^\s*[(（]?[AaＡ][)）.．、:：]", re.MULTILINE)
_LEAST_LINE_CHARS = 4
_DIGEST_BYTES = 8


def question_of(sample: Sample) -> str:
    """Return the words of the last question before the last reply."""
    replies = [index for index, message in enumerate(sample.messages) if message.role == "assistant"]
    asked = sample.messages[: replies[-1]] if replies else sample.messages
    return next((message.text.strip() for message in reversed(asked) if message.role == "user"), "")


def stem_of(text: str) -> str:
    """Return a question without the options that are listed below it."""
    listed = _OPTIONS.search(text)
    return text[: listed.start()] if listed and text[: listed.start()].strip() else text


def text_digest(text: str) -> bytes:
    """Return the digest of a text word for word; case and space apart."""
    return _digest(fold(text))


def form_digests(text: str) -> tuple[bytes, ...]:
    """Return the digests of a question in the form that answers are compared in: of all of it, and without options."""
    return _forms([text, stem_of(text)])


def form_digests_of_lines(text: str) -> tuple[bytes, ...]:
    """Return the digests of each line above the options: instructions usually stand on lines of their own."""
    return _forms(line for line in stem_of(text).splitlines() if len(line.strip()) >= _LEAST_LINE_CHARS)


def _forms(texts: Iterable[str]) -> tuple[bytes, ...]:
    forms = (exact_form(_LABEL.sub("", text.strip())) for text in texts)
    return tuple(dict.fromkeys(_digest(form) for form in forms if form))


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).digest()
