"""A text with its identifiers replaced by typed placeholders in its own language."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from doctorsun.text.identifiers.find import find_identifiers
from doctorsun.text.identifiers.span import Kind
from doctorsun.text.language import Script, script_of

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

_MARK = re.compile(r"</?[A-Za-z_|]+>")
_LETTER = re.compile(r"[A-Za-z\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without identifiers, and how many of each kind it held."""

    text: str
    counts: Counter[Kind]


def mask_identifiers(text: str, language: Script = "mixed", names: frozenset[str] = frozenset()) -> Masked:
    """Replace each identifier by its kind in brackets, all in one language.

    Args:
        text: is masked.
        language: of the placeholders; where it is mixed, the one that prevails in what is left of the text, or Chinese
            where neither does.
        names: of texts that belong to this one; they are masked as well.
    """
    found = find_identifiers(text, names)
    around: list[str] = []
    done = 0
    for span in found:
        around.append(text[done : span.start])
        done = span.end
    if language == "mixed":
        language = _script_of_rest(" ".join([*around, text[done:]]), text)
    is_english = language == "en"
    placeholders = (PLACEHOLDERS[span.kind][is_english] for span in found)
    masked = "".join(piece for pair in zip(around, placeholders, strict=True) for piece in pair)
    return Masked(masked + text[done:], Counter(span.kind for span in found))


def prevailing_script(texts: Sequence[str]) -> Script:
    """Return the language that prevails in what is left of texts that belong together."""
    return _script_of_rest(" ".join(map(without_identifiers, texts)), " ".join(texts))


def without_identifiers(text: str) -> str:
    """Return the text with a gap in place of each identifier."""
    for span in reversed(find_identifiers(text)):
        text = f"{text[: span.start]} {text[span.end :]}"
    return text


def _script_of_rest(rest: str, whole: str) -> Script:
    rest = _MARK.sub(" ", rest)
    return script_of(rest if _LETTER.search(rest) else whole)
