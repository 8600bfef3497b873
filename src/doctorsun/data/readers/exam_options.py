"""Options and right letters of examination questions, as published files write them."""

import ast
import json
import re
from collections.abc import Mapping
from string import ascii_uppercase
from typing import Any

from doctorsun.data.readers.fields import find, words

Option = tuple[str, str]
"""Letter and text."""

_LINE = re.compile(r"\n|\\n")  # CMExam has line ends in its CSV files and backslash-n in the circulating workbook
_LETTERED = re.compile(r"\(?([A-Z])[\s.、．:：)）]+(.*)", re.DOTALL)
_CHOICES = re.compile(r"\s*\bAnswer Choices:\s*")
_BETWEEN_LETTERS = re.compile(r"[\s,，、;；/|]+")


def split_question(text: str) -> tuple[str, list[Option]]:
    """Cut a question that ends with its options: ``... Answer Choices: (A) one (B) two`` (MedXpertQA).

    An option ends where the next letter of the alphabet opens, so that ``Rh(D)`` in an option is part of it.
    """
    asked = _CHOICES.split(text, maxsplit=1)
    if len(asked) == 1:
        return text, []
    rest = asked[1]
    options: list[Option] = []
    for letter in ascii_uppercase:
        if not rest.startswith(f"({letter})"):
            break
        following = re.search(rf"\s\({chr(ord(letter) + 1)}\)", rest)
        end = following.start() if following else len(rest)
        options.append((letter, rest[3:end].strip()))
        rest = rest[end:].lstrip()
    return asked[0], options


def options_of(value: Any) -> list[Option]:
    """Return letters and texts of options: lines that open with their letter, a list, or an object by letter."""
    if isinstance(value, Mapping):
        return [(str(letter).strip().upper(), words(text)) for letter, text in value.items()]
    if isinstance(value, list | tuple):
        return [_listed(option, index) for index, option in enumerate(value)]
    return [_line_option(line, index) for index, line in enumerate(_LINE.split(words(value))) if line.strip()]


def options_in_columns(fields: Mapping[str, Any]) -> list[Option]:
    """Return the options of a record that has a column for each: ``A``, ``B`` and so on, or ``opa``, ``opb``."""
    found: list[Option] = []
    for letter in ascii_uppercase:
        name = find(fields, (letter.lower(), f"op{letter.lower()}", f"option_{letter.lower()}"))
        text = "" if name is None else words(fields[name])
        if not text:
            break
        found.append((letter, text))
    return found


def listed_text(value: Any) -> Any:
    """Return a value; a list or an object that is written as text, in JSON or as Python shows it, becomes one."""
    text = value.strip() if isinstance(value, str) else ""
    if text[:1] + text[-1:] not in ("[]", "{}"):
        return value
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        try:
            return json.loads(text)
        except ValueError:
            return value


def right_letters(value: Any, options: list[Option]) -> str:
    """Return the right letters in the order of the alphabet, or nothing where the value names no options.

    Args:
        value: ``C``, ``ACD``, ``a,c``, ``["A"]``, or the whole text of one option.
        options: of the question.
    """
    told = "".join(words(each) for each in value) if isinstance(value, list | tuple) else words(value)
    named = [letter for letter, text in options if told and text == told]
    if len(named) == 1:
        return named[0]
    letters = _BETWEEN_LETTERS.sub("", told).upper()
    known = {letter for letter, _ in options}
    return "".join(sorted(letters)) if len(set(letters)) == len(letters) and known.issuperset(letters) else ""


def _listed(option: Any, index: int) -> Option:
    """Return an element of a list: ``{letter, content}`` (MedXpertQA), ``{key, value}`` (CMExam) or text."""
    if not isinstance(option, Mapping):
        return _line_option(words(option), index)
    letter = find(option, ("letter", "key", "label"))
    text = find(option, ("content", "value", "text"))
    if letter is None or text is None:
        return "", ""
    return words(option[letter]).upper(), words(option[text])


def _line_option(line: str, index: int) -> Option:
    lettered = _LETTERED.fullmatch(line.strip())
    return (lettered[1], lettered[2].strip()) if lettered else (ascii_uppercase[index : index + 1], line.strip())
