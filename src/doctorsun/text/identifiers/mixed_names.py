"""Names of persons in text of the other script: Chinese ones among English words, and the other way round."""

import re
from collections.abc import Iterator

from doctorsun.text.identifiers.chinese_names import (
    AFTER_NAME,
    COMPOUND_SURNAMES,
    DOTTED_NAME,
    FULL_NAME,
    SINGLE_SURNAME,
    begins_word,
    holds_word,
)
from doctorsun.text.identifiers.english_names import FULL_NAME as LATIN_NAME
from doctorsun.text.identifiers.english_names import LAST_FIRST, NAME_END, NAME_WORD, trimmed_name
from doctorsun.text.identifiers.english_words import GIVEN_NAMES, NO_NAMES, PINYIN_SURNAMES, PLACES, SURNAMES
from doctorsun.text.identifiers.span import Identifier

_HAN = r"[\u3400-\u9fff]"
_TITLES = r"(?:mr|mrs|ms|miss|mx|dr|drs|prof|professor|doctor|nurse|sister)"
_PERSONS = (
    r"(?:patient|pt|subject|name|surname|mother|father|mom|mum|dad|husband|wife|son|daughter|brother|sister|partner|spouse"
    r"|guardian|caregiver|relative|friend|contact|kin|physician|radiologist|pathologist|surgeon|sonographer|technologist"
    r"|technician|attending|resident|reader|named|called|by|dear|i am|i'm|re|regarding|saw|examined|reviewed|signed)"
)
_HAN_NAME = rf"(?P<it>{DOTTED_NAME}|{FULL_NAME})(?:(?!{_HAN})|(?={AFTER_NAME}))"
_BEHIND_ENGLISH = re.compile(
    rf"(?<![A-Za-z])(?i:{_TITLES}\.?|{_PERSONS})(?:'s name)?\s{{0,3}}(?::|-(?=\s))?\s{{0,3}}"
    rf"(?i:(?:is|was|named|called|{_TITLES}\.?)\s{{1,2}})?{_HAN_NAME}"
)
_SURNAME_BEHIND_TITLE = re.compile(
    rf"(?<![A-Za-z])(?:(?i:{_TITLES})\.?\s{{1,2}}(?P<it>[{SINGLE_SURNAME}])"
    rf"|(?i:{_TITLES}|{_PERSONS})\.?\s?:?\s{{1,2}}(?P<compound>{COMPOUND_SURNAMES}))(?!{_HAN})"
)
_BEFORE_ENGLISH = re.compile(
    rf"(?<!{_HAN})(?P<it>{FULL_NAME})(?='s\s[A-Za-z]|,?\s(?:is\s(?=an?\s\d|\d)|was\s(?=seen|admitted|discharged|examined|referred|born)"
    r"|has been\s|presents|presented|denies|denied|complains|complained|underwent|returned|lives|resides|\d{1,3}[\s-]?"
    r"(?:yo|y/o|years?)|an?\s\d{1,3}[\s-]year)|\s?\((?:male|female|[MF]\b|aged?|born|DOB))"
)
_BESIDE_LATIN_NAME = re.compile(rf"{NAME_WORD}\s{NAME_WORD}\s?\((?P<it>{FULL_NAME})\)")

_LATIN = rf"(?P<it>{LAST_FIRST}|{LATIN_NAME}|{NAME_WORD}){NAME_END}"
_CHINESE_PERSON = (
    r"(?:患者|病人|病员|患儿|产妇|孕妇|伤者|死者|受检者|受试者|家属|家长|监护人|联系人|陪护|姓名|名字|我叫|名叫|我是|本人"
    r"|父亲|母亲|爸爸|妈妈|丈夫|妻子|老公|老婆|爱人|儿子|女儿|哥哥|弟弟|姐姐|妹妹|医[师生]|大夫|护士|技师|教授|主任|签[名字]|报告人|审核人)"
)
_BEHIND_CHINESE = re.compile(rf"{_CHINESE_PERSON}\s{{0,2}}[:为是叫]?\s{{0,2}}{_LATIN}")
_SEX_OR_AGE = re.compile(r"\s?(?:[,、(]\s?)?(?:男|女|\d{1,3}岁)")
_DOES = re.compile(r"\s?(?:入院|来[院诊]|来我院|就诊|主诉|自[诉述]|诉|说|告知|表示|认为|出院)")
_MAY_DO = re.compile(
    r"\s?(?:今[日年天晨]|昨[日天晚]|因|于|复[诊查]|查房|阅片|签[名字]|陪同|住院号|电话|身份证|已|[,。;!?、]|$)"
)
_NAMING = re.compile(r"(?:姓名|名字|我叫|名叫|签[名字])\s{0,2}[:为是叫]?\s{0,2}")
_BEFORE_CHINESE_TITLE = re.compile(
    rf"(?<![A-Za-z'-])(?P<it>{LATIN_NAME}|{NAME_WORD})\s?(?=医[师生]|大夫|教授|先生|女士|小姐|太太|夫人|护士(?!站)|主任|博士|院士|老师|同学)"
)
_EPONYM = re.compile(
    r"\s?(?:综合[征症]|[氏征病]|评分|分[级期型类]|试验|反射|[食胃]|体征|现象|[术法管线环]|[a-z\d]|阳性|阴性|麻痹|骨折|淋巴瘤|肿?瘤|量表)"
)
_KNOWN = re.compile(rf"(?:{SURNAMES}|{PINYIN_SURNAMES})")
_CHINESE_NAMES = ((_BEHIND_ENGLISH, begins_word), (_BEFORE_ENGLISH, holds_word), (_BESIDE_LATIN_NAME, holds_word))


def find_mixed_names(text: str) -> Iterator[Identifier]:
    """Yield names of persons that stand beside words of the other script, in a text that is folded in place."""
    for pattern, is_word in (
        (_BEHIND_ENGLISH, begins_word),
        (_BEFORE_ENGLISH, holds_word),
        (_BESIDE_LATIN_NAME, holds_word),
    ):
        for match in pattern.finditer(text):
            if not is_word(text, *match.span("it")):
                yield Identifier("name", *match.span("it"))
    for match in _SURNAME_BEHIND_TITLE.finditer(text):
        yield Identifier("name", *match.span(match.lastgroup or 0))
    for match in _BEHIND_CHINESE.finditer(text):
        name = trimmed_name(text, *match.span("it"))
        if name and _is_person(text, name, is_named=_NAMING.match(match[0]) is not None):
            yield name
    for match in _BEFORE_CHINESE_TITLE.finditer(text):
        if name := trimmed_name(text, *match.span("it")):
            yield name


def _is_person(text: str, name: Identifier, *, is_named: bool) -> bool:
    """Say whether words behind 患者 name somebody: known names do, others behind 姓名 or before sex, age or doings."""
    words = re.findall(r"[^\s,.]+", text[name.start : name.end])
    if text[name.start : name.end] in PLACES:
        return False
    if any(word in NO_NAMES for word in words) or _EPONYM.match(text, name.end):
        return False
    is_known = any(word in GIVEN_NAMES or _KNOWN.fullmatch(word) for word in words)
    is_followed = _SEX_OR_AGE.match(text, name.end) or _DOES.match(text, name.end)
    is_full = len(words) > 1 and _MAY_DO.match(text, name.end)
    return is_known or is_named or bool(is_followed or is_full)
