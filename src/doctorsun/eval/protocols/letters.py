"""Letters of a multiple-choice answer: only delimited ones of the question's own options, never guessed."""

import re
import unicodedata
from string import ascii_uppercase

from doctorsun.text.normalize import plain_form, without_reasoning

_OPEN = r"[\s(\[{<\"'*_`【「“‘]*"
_CLOSE = r"[)\]}>\"'*_`】」”’]*"
_JOIN = r"\s*(?:,|、|/|&|\+|;|and|or|和|或|与|及)\s*"
# "E. coli" and its like open with a letter that chooses nothing.
_SPECIES = (
    r"coli|difficile|pylori|burgdorferi|albicans|fumigatus|fragilis|faecalis|faecium|cereus|anthracis|pertussis"
    r"|baumannii|trachomatis|botulinum|tetani|perfringens|diphtheriae|jejuni|neoformans|histolytica|lumbricoides"
)
_SET_OFF = rf"(?:(?<=[)\]}}>*`】」”])|(?=\s*(?:$|[.,:;!?。、)\]]|项|选项)))(?!\.\s*(?i:{_SPECIES})\b)"
_SENTENCE_END = re.compile(r"[.!?](?=\s)|[。;]")
_DECLARATION = (
    r"(?:(?i:\b(?:answers?|options?|choices?)[\s*_]*(?:is|are|:|=|would be|should be)(?:\s*:)?"
    r"|\b(?:choose|select|pick)\b|^\W*(?:option|answer|choice)\s)(?:[\s*]*(?i:option|answer))?"
    r"|(?<![不勿别非])(?:答案|正确选项|选项|答|选择|选)\s*(?:应该|应当|应)?(?:是|为|选)?\s*:?\s*(?:选项)?)"
)


def chosen_letters(output: str, options: tuple[str, ...]) -> frozenset[str]:
    """Return the letters that an answer chooses; empty where it chooses none in a form that needs no guess.

    In this order: the whole answer is the text of exactly one option (with or without its letter); explicit
    declarations (``the answer is B``, ``答案是B``), of a letter or else of the text of an option and nothing more; a
    letter, or a list of them, that opens the answer or a line of it and is set off by punctuation or its end. Letters
    that number options elsewhere add to the last case, so that an answer which lists or weighs several options without
    choosing is seen to do so.

    Args:
        output: the model's answer.
        options: texts of the choices; their letters are A, B, C and so on.
    """
    text = unicodedata.normalize("NFKC", without_reasoning(output)).strip()
    letters = ascii_uppercase[: len(options)]
    unit = rf"{_OPEN}[{letters}]{_CLOSE}"
    whole = re.fullmatch(rf"{unit}[.。]?{_CLOSE}", text, re.IGNORECASE)
    everything = _letters_of_option_text(text, options) | (_letters_in(whole[0].upper(), letters) if whole else set())
    if everything:
        return everything
    several = rf"{unit}(?:{_JOIN}{unit})*+{_SET_OFF}"
    declared = _letters_found(rf"{_DECLARATION}{several}", text, letters) or _texts_declared(text, options)
    if declared:
        return declared
    opening = _letters_found(rf"^{several}", text, letters)
    listed = rf"\([{letters}]\)|(?<![A-Za-z0-9.])[{letters}][.):、]\s*(?=\S)"
    return opening | _letters_found(listed, text, letters) if opening else frozenset()


def _texts_declared(text: str, options: tuple[str, ...]) -> frozenset[str]:
    """Return the letters of the options whose texts, up to the end of a line or sentence, are declared."""
    found: frozenset[str] = frozenset()
    for declaration in re.finditer(_DECLARATION, text, re.MULTILINE):
        line = text[declaration.end() :].partition("\n")[0]
        sentence = _SENTENCE_END.split(line)[0]
        found |= _letters_of_option_text(line, options) or _letters_of_option_text(sentence, options)
    return found


def _letters_found(pattern: str, text: str, letters: str) -> frozenset[str]:
    matches = re.finditer(pattern, text, re.MULTILINE)
    return frozenset[str]().union(*(_letters_in(match[0], letters) for match in matches))


def _letters_in(text: str, letters: str) -> frozenset[str]:
    return frozenset(re.findall(rf"(?<![A-Za-z])[{letters}](?![A-Za-z])", text))


def _letters_of_option_text(text: str, options: tuple[str, ...]) -> frozenset[str]:
    form = plain_form(text)
    named = (
        letter
        for letter, option in zip(ascii_uppercase, options, strict=False)
        if form and form in {plain_form(option), plain_form(f"{letter} {option}")}
    )
    found = frozenset(named)
    return found if len(found) == 1 else frozenset()
