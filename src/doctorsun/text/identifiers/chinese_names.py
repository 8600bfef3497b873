"""Names of persons in Chinese text: after labels, before titles, beside sex and age, in signatures, and with dots."""

import re
from collections.abc import Iterator

from doctorsun.text.identifiers.chinese_words import COMPOUND_SURNAMES, SURNAMES, words_like_names
from doctorsun.text.identifiers.span import Identifier

_HAN = r"[\u3400-\u9fff]"
_NEVER_GIVEN = (
    "的了是在不有我你他她它们这那就也都很没到说要去会着看得能过及与或而被把让给向从对为以于等请问吗呢吧啊呀哦嘛"
    "您者其此每各某该些什么怎"
    "病症炎癌痛药服吃肝肺胃肾肠胆脾骨血尿便压疗诊查检术医院科室床治患疾热咳喘肿瘤疹痒毒菌感染伤断裂性化量度率型"
    "期级次片粒支岁个只种类项"
    "男女先后前内外里左右下午昨今曾已未无非但因如若则却并还又再只最更太较常仅且即使所比同时候内做打用需须应该可"
    "能想觉怕吸喝睡尿拉吐晕麻胀"
    "日号周第〇零资按据携带叫听告将出现接受"
)
GIVEN = rf"(?![{_NEVER_GIVEN}]|代[诉述]){_HAN}"
SINGLE_SURNAME = "".join(sorted(SURNAMES))
FULL_NAME = rf"(?:(?:{COMPOUND_SURNAMES})(?:{GIVEN}){{1,2}}|[{SINGLE_SURNAME}](?:{GIVEN}){{1,2}})"
_SPACED = rf"[{SINGLE_SURNAME}] {{1,3}}{GIVEN}(?: {{0,3}}{GIVEN})?(?!{_HAN})"
_FOREIGN_CHAR = (
    "[阿艾爱安巴白拜贝比布卜才达迪丁旦丹当德得登丢杜多顿娥恩尔厄法菲费弗夫福甫噶嘎盖冈格贡古哈海罕汗贺合赫华霍"
    "胡基吉及加贾江杰金"
    "久居卡凯坎康珂科克肯库夸拉莱来兰朗劳乐勒蕾雷理里力丽利莉廉列林伦琳隆卢鲁露仑伦罗洛略马玛麦曼毛美梅门蒙米密"
    "敏明莫默姆木穆内娜那纳乃南尼妮"
    "宁努诺欧帕潘佩彭皮平珀普其奇齐恰强切琴青丘曲热仁日茹若萨桑沙莎山舍申圣史什士守舒斯司丝苏素孙索塔泰坦唐陶特"
    "腾提蒂铁廷图吐托瓦外旺威维韦温翁沃"
    "乌吾武伍西希锡夏祥肖歇谢辛欣休许雪逊雅亚延扬央耶叶伊依衣易因英尤于约扎则泽曾詹珍芝朱祖佐卓孜措次仓白旦晋巅"
    "热增顿拥宗姐库班肉胡赛音甫沁图雅格敖云花高娃呼苏宝朝鲁木敦珠吉嘎尕才让坚赞旺姆晓宾哲买伯博京彭约翰逊惠茨不"
    "都玉]"
)
_DOTTED = re.compile(rf"(?<!《){_FOREIGN_CHAR}{{1,7}}(?:\u00b7{_FOREIGN_CHAR}{{1,8}}){{1,3}}")
DOTTED_NAME = rf"{_HAN}{{1,7}}(?:\u00b7{_HAN}{{1,8}}){{1,3}}"

ROLE = (
    r"(?:姓名|(?:患者|其|病人)之[子女妻夫父母]|患者|病人|病员|患儿|患婴|产妇|孕妇|伤者|死者|随访对象|代主诉人"
    r"|送检[者人]|转诊|受检[者人]|受试者|就诊人|就诊者|本人|当事人|家属|家长|监护人|联系人|陪护人?|陪同人?|委托"
    r"人|代理人"
    r"|(?:患者|其|我|他|她|病人|患儿)?(?:父亲|母亲|爸爸|妈妈|丈夫|老公|妻子|老婆|老伴|爱人|配偶|儿子|女儿|长子|次子"
    r"|长女|次女|哥哥|弟弟|姐姐|妹妹|爷爷|奶奶|外公|外婆|孙子|孙女|同事|朋友|邻居|老师|班主任|护工|保姆|医生|医"
    r"师|护士|主任|教授|院长|院士|博士)"
    r"|老师|班主任|护工|保姆|医生|医师|护士|主任|教授|院长|院士|博士"
    r"|其[父母妻夫子女兄弟姐妹]|(?:主治|管床|主管|接诊|责任)(?:医生|医师|大夫|护士))"
)
_STAFF = (
    r"(?:(?:副?主任|主治|住院|经治|管床|接诊|首诊|门诊|报告|审核|审签|复核|诊断|检查|操作|申请|送检|会诊|手术"
    r"|麻醉|开单|书写|上级|值班|责任|执业|阅片|书记|实习|进修|负责)?"
    r"(?:医师|医生|大夫|医士|技师|护士|人员|者|人)|主任|教授|术者|麻醉师|[一二]助|[第]?[一二]?助手|护士长|录入"
    r"|审核|签名|签字|签章|记录|报告|检验|复核|审阅|阅片|描写|主刀)"
)
_LABELLED = re.compile(
    rf"(?:姓\s{{0,4}}名|名字|{ROLE}(?:签[名字])?|{_STAFF}(?:签[名字章]|姓名)?)(?:\s{{0,8}}[:/]\s{{0,8}}"
    rf"|\s{{1,8}})(?P<it>{DOTTED_NAME}|{_SPACED}|{FULL_NAME}|(?<=名[: ])(?<!{_HAN}){_HAN}{{2,4}}(?!{_HAN}))"
    rf"(?=[^\u3400-\u9fff]|性别|年龄|男|女|民族|电话|科室|住院|门诊|床|出生|联系|身份|家属|医师|医生|日期|$)"
)
_NAME_FIELD = re.compile(
    rf"(?:姓\s{{0,4}}名|名字|(?:患者|家属|联系人|病人|医[师生])签?[名字])(?:[\s:=是为叫]){{1,12}}(?P<it>"
    rf"{DOTTED_NAME}|{_SPACED}|{FULL_NAME}|{_HAN}{{2,4}}(?!{_HAN})|[A-Z][A-Za-z'-]+(?:["
    rf" ,]+[A-Z][A-Za-z'-]+){{1,2}})"
)
_CALLED = re.compile(
    rf"(?:我叫|我名叫|名叫|(?<!{_HAN})大名(?!单)|叫做|名为|本名|全名|自称|称为|[他她]叫|[子女孩儿妈爸爷奶姥公婆夫妻]叫)\s?(?P<it>{DOTTED_NAME}(?="
    rf"{_HAN}?[^\u3400-\u9fff])|{FULL_NAME})"
)
AFTER_NAME = (
    r"(?:\s?[,、。;:()\[<]|\s*$|\s|男|女|今?年?\d{1,3}岁|因|于\d|系|代[诉述]|老人|说|告知|表示|访视|认为|查房|阅"
    r"片|签署|确认|办理|复[诊查]|出现|突发|再次|由|已|及|神志|术[后前]|目前|既往|入院|来院|就诊|来我院|来诊|主"
    r"诉|自述|诉|自诉|反映|今年|现年|家住|住院号|身份证|电话|手机|的(?:病|检|影|报|主|家|住|血|[CM]|手|电|父|母"
    r"|联|身|儿|女|复|化|随|胸|B|X)"
    r"|在\d|在[我本该]|已于|已签|已办|签[字名]|与|和|陪|代|同意|要求|拒绝|办理|送|带|[，])"
)
_BY_ROLE = re.compile(rf"{ROLE}(?:签[名字]|是|为|叫|名)?\s?\(?(?P<it>{DOTTED_NAME}|{FULL_NAME})(?={AFTER_NAME})")
_TITLE = (
    r"(?:副?主任(?:医师|护师|技师|药师)?|主治医[师生]|住院医[师生]|医生|医师|大夫|(?:副|老)?教授|护士长?|护师"
    r"|院长|博士|院士|先生|女士|小姐|太太|夫人|阿姨|叔叔|大[爷妈姐哥叔伯娘婶]|奶奶|爷爷|老师|同志|师傅|技师|药"
    r"师|同学|小朋友|患者家属)"
)
_TITLED_SURNAME = "".join(
    sorted(SURNAMES - frozenset("应时和向由经给请问跟对与须需同别习"))
)  # these join a title to what precedes it
_NO_SURNAME_ALONE = frozenset("于单全安明解管查商班农祝任连平路")
_NO_NAME_BEFORE_TITLE = re.compile(
    "根据|按照|遵循|咨询|专业|心理|康复|关节|许多|严格|祝福|祝愿|祝健|马上|时间|成人|理解|遵照|遵从"
)
_BEFORE_TITLE = re.compile(
    rf"(?!谢谢|(?<=谢)谢)(?P<it>(?:{COMPOUND_SURNAMES})(?:{GIVEN}){{0,2}}?|[{_TITLED_SURNAME}](?:"
    rf"{GIVEN}){{0,2}}?)(?={_TITLE})"
)
_BESIDE_SEX = re.compile(
    rf"(?<![\u3400-\u9fff])(?P<it>{FULL_NAME}|{_SPACED})(?=\s?[,、(/ ]\s?(?:性别\s?:?\s?)?(?:[男女](?!{_HAN}|科)"
    rf"|[男女]性|\d{{1,3}}\s?岁|年龄|身份证|手机|电话|住院号|联系))"
)
_BEFORE_NOUN = re.compile(
    rf"(?<![\u3400-\u9fff])(?P<it>{FULL_NAME}|{_FOREIGN_CHAR}{{1,7}}\u00b7{_FOREIGN_CHAR}{{1,8}})(?=老人|患者|患儿"
    rf"|同学|小朋友|家属)"
)
_SIGNATURE = re.compile(
    rf"(?:^|(?<=[\n。;!?])|(?<=  ))\s{{0,8}}(?P<it>{FULL_NAME}|{_SPACED})(?=\s{{0,8}}(?:/\s?"
    rf"{FULL_NAME}\s{{0,8}})?[,\s]\s{{0,8}}(?:18|19|20)\d\d\s?[-年/.])",
    re.MULTILINE,
)
_SECOND_SIGNATURE = re.compile(
    rf"(?:医师|医生|技师|签[名字]|护士)\s*[:]\s*{FULL_NAME}\s*[/、,]\s*(?P<it>{FULL_NAME})(?!{_HAN})"
)
_KIN = re.compile(
    rf"我是(?P<it>{FULL_NAME})的(?=女儿|儿子|妻子|丈夫|家属|家人|母亲|父亲|爱人|妈妈|爸爸|姐姐|妹妹|哥哥|弟弟)"
)
_SAID_SURNAME = re.compile(
    rf"(?:[我他她您]|患者|病人|本人|免贵)姓(?P<it>{COMPOUND_SURNAMES}|[{SINGLE_SURNAME}])(?={_HAN}{{0,1}}(?:[,。;、!\s]|$)|的)"
)

_COMPOUND = re.compile(
    rf"(?P<it>(?:欧阳|歐陽|司马|上官|诸葛|皇甫|令狐|慕容|司徒|尉迟|公孙|宇文|夏侯|端木|澹台|赫连)(?:"
    rf"{GIVEN}){{1,2}})(?=[^\u3400-\u9fff]|$|{_TITLE})"
)

_OF_FINDING = re.compile(
    rf"(?<!{_HAN})(?!高[清分场速频])(?P<it>{DOTTED_NAME}|{FULL_NAME})的(?=CT|MRI?|DR|PET|X[线光]|B超|彩超|超声|胸片|平片|片子|心电图|病理|化验|影像|检查"
    rf"(?:结果|报告|单)|报告|病历)"
)
_BESIDE_POST = re.compile(
    rf"(?<!{_HAN})(?P<it>{FULL_NAME}|{_SPACED})(?=\s{{1,4}}(?:副?主任|主治|住院|诊断|报告|审核|检查|执业)?(?:医师|医生|技师|护士|教授|主任))"
)
_BEFORE_DUTY = re.compile(
    rf"(?:医师|医生|技师|护士|主任|教授)(?P<it>(?:{COMPOUND_SURNAMES}|[{_TITLED_SURNAME}])(?:{GIVEN}){{1,2}})"
    rf"(?=审核|审签|复核|签发|书写|主刀|阅片|会诊|出具|报告)"
)
_NO_NICKNAME = "腿手脚肚腹臂指嘴脸鼻眼脑舌耳屁儿点声心气"
_NICKNAME = re.compile(
    rf"(?:儿子|女儿|孙子|孙女|外孙女?|弟弟|妹妹|哥哥|姐姐|侄子|侄女|外甥女?|宝宝|孩子|患儿|老公|老婆|丈夫|妻子|同学)叫?"
    rf"(?P<it>[小阿](?![{_NO_NICKNAME}]){GIVEN})(?=[,、。;:()!?\s]|$|今年|\d{{1,3}}岁|[因和与的也于])"
)

_SURE = (_NAME_FIELD, _SECOND_SIGNATURE, _SAID_SURNAME, _COMPOUND)
_LABELLED_ONES = (_KIN, _LABELLED, _CALLED, _BY_ROLE, _BEFORE_DUTY, _NICKNAME)
_LIKELY = (_BESIDE_SEX, _BEFORE_NOUN, _SIGNATURE, _BESIDE_POST)
_NO_PERSON_DOT = ("素问", "灵枢", "内经", "伤寒", "金匮", "本草", "千金", "脉经", "神农", "医宗", "辨证")


def find_chinese_names(text: str) -> Iterator[Identifier]:
    """Yield names of persons of a text that is folded in place; surnames before a title, too."""
    for pattern in _SURE:
        for match in pattern.finditer(text):
            yield Identifier("name", *match.span("it"))
    for patterns, words in (
        (_LABELLED_ONES, begins_word),
        (_LIKELY, _is_word),
        ((_OF_FINDING,), holds_word),
    ):
        for pattern in patterns:
            for match in pattern.finditer(text):
                if not words(text, *match.span("it")):
                    yield Identifier("name", *match.span("it"))
    yield from _titled(text)
    if "\u00b7" in text:
        for match in _DOTTED.finditer(text):
            if not any(word in match[0] for word in _NO_PERSON_DOT):
                yield Identifier("name", *match.span())


def _titled(text: str) -> Iterator[Identifier]:
    match = _BEFORE_TITLE.search(text)
    while match:
        start, end = match.span("it")
        if text[start] == "于" and text[start + 1] in SURNAMES:
            start += 1  # 于王主任处: the first character joins, the second is the surname
        is_alone = end - start == 1 and text[start] in _NO_SURNAME_ALONE
        is_name = not (is_alone or _is_word(text, start, end) or _NO_NAME_BEFORE_TITLE.match(text, start))
        if is_name:
            yield Identifier("name", start, end)
        match = _BEFORE_TITLE.search(text, end if is_name else match.start() + 1)


def _is_word(text: str, start: int, end: int) -> bool:
    """Say whether what looks like a name is a word, begins a longer one, or ends one that began before it."""
    earlier = (text[before : start + 1] for before in range(max(0, start - 2), start))
    return begins_word(text, start, end) or any(word in words_like_names() for word in earlier)


def holds_word(text: str, start: int, end: int) -> bool:
    """Say whether what looks like a name is a word or begins with one: 高清晰."""
    return text[start : start + 2] in words_like_names() or _is_word(text, start, end)


def begins_word(text: str, start: int, end: int) -> bool:
    """Say whether what looks like a name is a word, or begins a longer one."""
    if text[start] in (text[start + 1 : start + 2], text[start - 1 : start]):
        return True  # 谢谢
    return any(
        text[start:stop] in words_like_names() for stop in range(max(end, start + 2), min(start + 4, len(text)) + 1)
    )
