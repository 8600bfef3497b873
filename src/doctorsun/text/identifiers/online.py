"""Addresses on the Internet: e-mail, pages and machines."""

import re
from collections.abc import Iterator

from doctorsun.text.identifiers.span import Identifier, spans_of

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_TOP = r"(?:com|org|net|gov|edu|mil|int|info|biz|io|cn|hk|tw|uk|us|au|ca|de|fr|jp|eu|health|med|name|me)"
_EMAIL = re.compile(
    rf"(?<![A-Za-z0-9._%+-])[A-Za-z0-9_%+][A-Za-z0-9._%+-]* ?@ ?(?:{_LABEL}\.)+[A-Za-z]{{2,}}(?![A-Za-z0-9])"
)
_PAGE = re.compile(
    r"(?<![A-Za-z0-9@.])(?P<it>(?:(?:https?|ftp)://|www\.)[A-Za-z0-9\-._~:/?#\[\]@!$&'*+,;=%]*[A-Za-z0-9/=_#-]"
    rf"|(?:{_LABEL}\.)+{_TOP}(?![A-Za-z0-9-])(?!\.[A-Za-z])(?:/[A-Za-z0-9\-._~/?#&=%+]*[A-Za-z0-9/=])?)",
    re.IGNORECASE,
)
_MACHINE = re.compile(
    r"(?<![A-Za-z])IP(?:\s?(?:address|地址))?\s*[:是为]?\s*(?P<it>\d{1,3}(?:\.\d{1,3}){3})(?![\d.])", re.IGNORECASE
)


def find_online(text: str) -> Iterator[Identifier]:
    """Yield e-mail, web and machine addresses of a text that is folded in place."""
    if "@" in text:
        yield from spans_of(_EMAIL, "email", text)
    if "." in text:
        yield from spans_of(_PAGE, "url", text)
        yield from spans_of(_MACHINE, "url", text)
