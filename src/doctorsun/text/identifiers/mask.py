"""A text with its identifiers replaced by typed placeholders in its own language."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from doctorsun.text.identifiers.find import find_identifiers
from doctorsun.text.identifiers.span import Kind
from doctorsun.text.language import has_han

PLACEHOLDERS: Mapping[Kind, tuple[str, str]] = {
    "name": ("[姓名]", "[NAME]"),
    "phone": ("[电话]", "[PHONE]"),
    "id_number": ("[证件号]", "[ID]"),
    "record_number": ("[病历号]", "[RECORD]"),
    "address": ("[地址]", "[ADDRESS]"),
    "email": ("[邮箱]", "[EMAIL]"),
    "url": ("[网址]", "[URL]"),
    "account": ("[账号]", "[ACCOUNT]"),
    "date": ("[日期]", "[DATE]"),
}


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without identifiers, and how many of each kind it held."""

    text: str
    counts: Counter[Kind]


def mask_identifiers(text: str) -> Masked:
    """Replace each identifier by its kind in brackets, in Chinese where the text holds Chinese characters."""
    found = find_identifiers(text)
    language = 0 if has_han(text) else 1
    pieces: list[str] = []
    done = 0
    for span in found:
        pieces += [text[done : span.start], PLACEHOLDERS[span.kind][language]]
        done = span.end
    return Masked("".join([*pieces, text[done:]]), Counter(span.kind for span in found))


def without_identifiers(text: str) -> str:
    """Return the text with a gap in place of each identifier."""
    for span in reversed(find_identifiers(text)):
        text = f"{text[: span.start]} {text[span.end :]}"
    return text
