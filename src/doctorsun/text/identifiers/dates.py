"""Dates that name a day or a month of a year; durations, ages, bare years and versions of guidelines stay."""

import re
from collections.abc import Iterator

from doctorsun.text.identifiers.span import Identifier, spans_of

_YEAR = r"(?:18|19|20)\d\s?\d"
_MONTH, _DAY = r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
_NO_UNIT = r"(?!\s*(?:mg|ml|mm|cm|kg|[%％×]|copies|拷贝))"
_CLOCK = r"(?:[T ,]*(?:[上下中]午|凌晨|早上|晚上?)?\s?(?:[01]?\d|2[0-3])(?::[0-5]\d){1,2}(?:\s?[ap]\.?m\b\.?)?)?"
_NO_AMOUNT = r"(?!\s*(?:[个次天周片粒支岁倍颗例余多度型级]|mg|ml|mm|cm|kg|[%％×]|copies|拷贝))"
_DIGIT, _FEW = "[〇零○一二三四五六七八九]", "[一二三四五六七八九十]"

_CHINESE = re.compile(
    rf"(?<!\d)(?:{_YEAR}\s?年|(?:'|[06-9]\d\s?年(?=\s?\d{{1,2}}\s?月)|(?<=[于自从在至到])\d{{2}}年"
    rf"(?=\s?\d{{1,2}}\s?月)|\d{{2}}年(?=\d{{1,2}}月\d{{1,2}}[日号])))\s?{_MONTH}\s?月份?"
    rf"(?:\s?{_DAY}(?:\s?[日号]|(?!\d)(?!\s*[-~]\s*\d+[天周]){_NO_AMOUNT}))?(?:\s?(?:[-~至到])\s?(?:"
    rf"{_MONTH}\s?月\s?)?{_DAY}\s?[日号])?{_CLOCK}"
)
_CHINESE_DAY = re.compile(
    rf"(?<![\d.])(?:{_YEAR}[./-])?{_MONTH}\s?月\s?{_DAY}(?:\s?[日号]|(?![\d.])(?!\s*[-~/至到]){_NO_AMOUNT})"
    rf"(?:\s?[-~至到]\s?(?:{_MONTH}\s?月\s?)?{_DAY}\s?[日号])?{_CLOCK}"
)
_CHINESE_NUMERALS = re.compile(
    rf"(?:(?<![一二三四五六七八九十百第]){_DIGIT}{{2}}年{_FEW}{{1,2}}月{_FEW}{{1,3}}[日号]|[一二]{_DIGIT}{{3}}年{_FEW}{{1,2}}月(?:{_FEW}{{1,3}}[日号])?|(?<!{_FEW})(?:正|腊|冬|{_FEW}{{1,2}})月"
    rf"(?:初|廿|{_FEW}{{1,2}}){_FEW}{{0,2}}[日号]"
    rf"|(?:农历|阴历|旧历)(?:正|腊|冬|{_FEW}{{1,2}})月(?:初|廿|{_FEW}){_FEW}{{1,2}})"
)
_NUMBERS = re.compile(
    rf"(?<![\d./-])(?:{_YEAR}(?P<mark>\s?[-/.]\s?){_MONTH}(?P=mark){_DAY}(?:日)?{_CLOCK}(?:Z|[+-]\d\d:?\d\d)?"
    rf"|(?:{_DAY}[-/.]{_MONTH}|{_MONTH}[-/.]{_DAY})[-/.]{_YEAR}{_CLOCK}"
    rf"|(?:{_DAY}/{_MONTH}|{_MONTH}/{_DAY})/\d\d(?!\d){_CLOCK}"
    rf"|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
    rf"|(?:19|20)\d\d[-/.](?:0[1-9]|1[0-2]))(?![\d/-])(?!\.\d)(?![A-Za-z]\d)(?!\s*[×x*^]){_NO_UNIT}",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"(?:(?<![A-Za-z])(?:on|dated?|since|until|DOB|D\.O\.B\.|born(?: on)?|admitted|discharged|birth ?da(?:y|te)"
    r"|date of birth)\s*[:]?\s+"
    rf"|(?:生日|出生|日期|时间|入院|出院|于)[:]?\s?)(?P<it>(?:{_MONTH}/{_DAY}|{_DAY}/{_MONTH}|{_YEAR}{_MONTH}"
    rf"{_DAY}|{_MONTH}[.-]{_DAY}(?=[入出来就复手住日]))(?![\d/.%-])){_NO_AMOUNT}",
    re.IGNORECASE,
)

_NAME = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|(?-i:May|MAY)|June?|July?|Aug(?:ust)?|Sept?(?:ember)?"
    r"|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_ORDINAL = rf"{_DAY}\s?(?:st|nd|rd|th)?"
_DAYS = rf"{_ORDINAL}(?:\s?(?:-|to|and|&|through)\s?{_ORDINAL})?"
_SHORT_YEAR = rf"(?:{_YEAR}|'\d\d)"
_ENGLISH = re.compile(
    rf"(?<![A-Za-z])(?:{_NAME}\b\.?\s?{_DAYS}(?!\d|:\d|%|\.\d)(?:\s?,?\s?(?:of\s)?{_SHORT_YEAR}(?!\d))?{_NO_AMOUNT}"
    rf"|(?<![\d.])(?<!\d[-/]){_DAYS}(?:\s+of\s+|\s?[-/,. ]\s?|(?<=\d)){_NAME}(?![a-z])(?:\.?\s?[-/,]?\s?"
    rf"(?:of\s)?(?:{_SHORT_YEAR}(?!\d)|(?<=[-/])\d\d(?!\d)))?"
    rf"|(?<![\d/-]){_YEAR}(?P<sign>[-/. ]){_NAME}(?P=sign){_DAY}(?!\d)"
    rf"|{_NAME}\b\.?,?\s?(?:of\s|-|/)?{_SHORT_YEAR}(?!\d)){_CLOCK}",
    re.IGNORECASE,
)
_LATIN = re.compile(r"[A-Za-z]{3}")


def find_dates(text: str) -> Iterator[Identifier]:
    """Yield the dates of a text that is folded in place."""
    chinese = (_CHINESE, _CHINESE_DAY, _CHINESE_NUMERALS) if "月" in text else ()
    english = (_ENGLISH,) if _LATIN.search(text) else ()
    for pattern in (*chinese, _NUMBERS, _LABELLED, *english):
        yield from spans_of(pattern, "date", text)
