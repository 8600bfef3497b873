"""Names of persons in Chinese text before what they do or have: 患者张伟患肺炎, 12床李桂花今晨胸痛."""

import re
from collections.abc import Iterator

from doctorsun.text.identifiers.chinese_names import AFTER_NAME, COMPOUND_SURNAMES, GIVEN, ROLE, begins_word
from doctorsun.text.identifiers.chinese_words import SURNAMES, words_like_names
from doctorsun.text.identifiers.span import Identifier

_DOING = (
    r"(?:患[有过者]?|的|[今昨][日天晨早晚夜年]|因|于|自[诉述觉行从幼]?|[代主]?诉|有|无(?!力|名)|出现|出院|入院|入科|来院|既往|家属"
    r"|病情|神志|术[前后中]|突[发然]|反复|近[日来期]|目前|现[在仍为]|否认|仍|未|已|曾|被|行|体检|检查|复[查诊]|发[现热病]|平素|咳|胸|腹[痛胀泻]"
    r"|头[痛晕昏]|好转|去世|死[于亡]|陪同|签[字名]|不[适慎愿能同])"
)
_UNLIKELY = frozenset(
    "于单全安明解管查商班农祝任连平路应时和向由经给请问跟对与须需同别方白常左温金石成水古关项易施乐东包黄高"
    "公仇从仲仰何但余元卓原双后吉喻国奚宁官宗封富尚展左巩干应廖强惠戴房支教文景曲曾有未来桂桑桓毛沙法洪海游满熊牛"
    "燕甘甯皮盖盛相真禹离空童米红练维翁能腾舒艾芦花苗药莫葛蓝蓬衣行贝费车边邬都长门阴阮阳陆隋雷靳鞠顾风麦麻齐龙"
    "傅冷冀党冉储匡危司兴凌化卫井储粱薄皇米羊"
)
_DOER = "".join(sorted(SURNAMES - _UNLIKELY | frozenset("何曾余毛顾熊廖雷莫黄高龙陆")))
_GIVEN = rf"(?!{_DOING}){GIVEN}"
_NAME = rf"(?P<it>(?:(?:{COMPOUND_SURNAMES})|[{_DOER}])(?:{_GIVEN}){{1,2}})"
_KIN = (
    r"(?:[我他她你](?:爸爸?|妈妈?|爷爷?|奶奶?|姥姥|姥爷|哥哥?|姐姐?|弟弟?|妹妹?|公公|婆婆)"
    r"|爷爷|奶奶|姥姥|姥爷|岳父|岳母|女婿|儿媳)"
)
_COMPOUND = re.compile(COMPOUND_SURNAMES)
_DOES = re.compile(rf"(?:{ROLE}|{_KIN})(?:签[名字]|是|为|叫|名叫|名)?\s?{_NAME}(?={_DOING}|(?<=..){AFTER_NAME})")
_IN_BED = re.compile(
    rf"(?<![\d.张个])\+?\d{{1,3}}号?床(?:患者|病人)?\s?[:]?\s?{_NAME}(?={_DOING}|\s|[,。;、(]|$|男|女)"
)


def find_doing_names(text: str) -> Iterator[Identifier]:
    """Yield names of persons behind a role, kin or a bed, before what they do, of a text that is folded in place."""
    for pattern in (_DOES, _IN_BED):
        for match in pattern.finditer(text):
            if not _is_word(text, *match.span("it")):
                yield Identifier("name", *match.span("it"))


def _is_word(text: str, start: int, end: int) -> bool:
    """Say whether what looks like a name begins with a word; nothing that begins with a compound surname does."""
    if _COMPOUND.match(text, start):
        return False
    return begins_word(text, start, end) or text[start : start + 2] in words_like_names()
