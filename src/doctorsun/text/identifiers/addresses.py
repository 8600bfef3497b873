"""Postal addresses: Chinese chains from province to room, and English streets, towns and post codes."""

import re
from collections.abc import Iterator

from doctorsun.text.identifiers.span import Identifier, spans_of

_PROVINCE = (
    "(?:北京市?|天津市?|上海市?|重庆市?|河北省?|山西省?|内蒙古(?:自治区)?|辽宁省?|吉林省?|黑龙江省?|江苏省?|浙"
    "江省?|安徽省?|福建省?|江西省?|山东省?|河南省?|湖北省?|湖南省?"
    "|广东省?|广西(?:壮族自治区|省)?|海南省?|四川省?|贵州省?|云南省?|西藏(?:自治区)?|陕西省?|甘肃省?|青海省?|宁"
    "夏(?:回族自治区)?|新疆(?:维吾尔自治区)?|香港(?:特别行政区)?|澳门(?:特别行政区)?|台湾省?)"
)
_CITY = (
    "(?:石家庄|唐山|秦皇岛|邯郸|邢台|保定|张家口|承德|沧州|廊坊|衡水|太原|大同|阳泉|长治|晋城|朔州|晋中|运城|忻"
    "州|临汾|吕梁|呼和浩特|包头|乌海|赤峰|通辽|鄂尔多斯|沈阳|大连|鞍山|抚顺|本溪|丹东|锦州|营口|阜新|辽阳|盘锦"
    "|铁岭|朝阳|葫芦岛"
    "|长春|四平|辽源|通化|白山|松原|白城|哈尔滨|齐齐哈尔|鸡西|鹤岗|双鸭山|大庆|伊春|佳木斯|七台河|牡丹江|黑河"
    "|绥化|南京|无锡|徐州|常州|苏州|南通|连云港|淮安|盐城|扬州|镇江|泰州|宿迁|杭州|宁波|温州|嘉兴|湖州|绍兴|金"
    "华|衢州|舟山|台州|丽水"
    "|合肥|芜湖|蚌埠|淮南|马鞍山|淮北|铜陵|安庆|黄山|滁州|阜阳|宿州|六安|亳州|池州|宣城|福州|厦门|莆田|三明|泉"
    "州|漳州|南平|龙岩|宁德|南昌|景德镇|萍乡|九江|新余|鹰潭|赣州|吉安|宜春|抚州|上饶|济南|青岛|淄博|枣庄|东营"
    "|烟台|潍坊|济宁|泰安|威海|日照|临沂|德州|聊城|滨州|菏泽"
    "|郑州|开封|洛阳|平顶山|安阳|鹤壁|新乡|焦作|濮阳|许昌|漯河|三门峡|南阳|商丘|信阳|周口|驻马店|武汉|黄石|十堰"
    "|宜昌|襄阳|鄂州|荆门|孝感|荆州|黄冈|咸宁|随州|长沙|株洲|湘潭|衡阳|邵阳|岳阳|常德|张家界|益阳|郴州|永州|怀"
    "化|娄底"
    "|广州|韶关|深圳|珠海|汕头|佛山|江门|湛江|茂名|肇庆|惠州|梅州|汕尾|河源|阳江|清远|东莞|中山|潮州|揭阳|云浮"
    "|南宁|柳州|桂林|梧州|北海|防城港|钦州|贵港|玉林|百色|贺州|河池|来宾|崇左|海口|三亚|成都|自贡|攀枝花|泸州"
    "|德阳|绵阳|广元|遂宁|内江|乐山|南充|眉山|宜宾|广安|达州|雅安|巴中|资阳"
    "|贵阳|六盘水|遵义|安顺|毕节|铜仁|昆明|曲靖|玉溪|保山|昭通|丽江|普洱|临沧|拉萨|日喀则|西安|铜川|宝鸡|咸阳"
    "|渭南|延安|汉中|榆林|安康|商洛|兰州|嘉峪关|金昌|白银|天水|武威|张掖|平凉|酒泉|庆阳|定西|陇南|西宁|海东|银"
    "川|石嘴山|吴忠|固原|中卫|乌鲁木齐|克拉玛依|吐鲁番|哈密|喀什|和田|阿克苏|伊犁|昆山|义乌|江阴|常熟|张家港)"
)
_STOP = "的了在是因就患者住到你我他她与及请诊病医做被给并也"
_HAN = (
    rf"(?![{_STOP}]|和(?![平谐睦兴美])|[于为]|来(?!宾|安|凤)|院(?!路|街|巷)|都(?!市|匀|区|江|兰|城)|有"
    rf"限)[\u3400-\u9fff]"
)
_AREA = r"(?:特别行政区|自治[区州县旗]|地区|新区|开发区|高新区|省|市|区|县|旗|州|盟|林区)"
_PLACE = (
    r"(?:街道(?:办事处)?|镇|乡|苏木|村委会|村|屯|社区|居委会|大道|大街|街|(?<![尿铁公走马通网电线思半出胆泪"
    r"呼])路|巷|胡同|弄|里弄|道|小区|花园|花苑|家园|公寓|大厦|广场|新村|名苑|名都|华府|雅苑|苑|公馆|国际|城|庄"
    r"|湾|坊|园|府|寨|营|沟|堡|塘|坪|湖畔|宿舍|家属院|家属楼|大院)"
)
_COUNT = r"[0-9A-Za-z一二三四五六七八九十百零甲乙丙丁东西南北附之\-]{1,7}"
_PIECE = (
    rf"{_COUNT}\s?(?:号院|号楼|号|弄|巷|支路|栋|幢|座|楼|层|单元|室|户|门|村民小组|社|组|队|房|段|里|街|路|环"
    rf"|期)(?:[东西南北中]侧?)?"
)
_STEP = rf"(?:(?:{_HAN}){{1,9}}?(?:{_AREA}|{_PLACE})(?!{_AREA}|{_PLACE})|{_PIECE}|[\s,-]?\d{{2,4}}(?=室|[,。;、)\s]|$))"
_CHAIN = rf"(?:{_STEP}\s?){{1,12}}(?<!\s)"
_LIVES = (
    r"(?:(?:家庭|现|常|通[讯信]|联系|户籍|户口|收件|收货|居住|工作|单位|邮寄|详细|暂)?(?:住址|地址|住所|所在地"
    r"|居住地)|籍贯|户籍|户口|现住|家住|居住|住在|住于|家在|来自|暂住|租住|出生于|生于|寄到|寄至|位于|搬到|老家"
    r"|我是|(?<=[,。;者])住)"
    r"\s?(?:[:在于是为到]|\s)*\s?"
)
_LIVES_AT = re.compile(rf"(?!我是){_LIVES}(?!农村|乡下)(?P<it>(?:{_PROVINCE})?(?:{_CITY}市?)?(?:{_CHAIN}))")
_LIVES_IN = re.compile(
    rf"{_LIVES}(?P<it>{_PROVINCE}\s?(?:{_CITY}市?|(?:{_HAN}){{2,4}}?[市县区州])|{_PROVINCE}(?=人)|{_CITY}市?"
    rf"(?=人)|(?:{_HAN}){{2,4}}?[省市县](?:(?:{_HAN}){{1,4}}?[市县区])?)"
)
_FROM_ABOVE = re.compile(rf"(?:{_PROVINCE}\s?(?:{_CITY}市?)?|{_CITY}市)\s?{_CHAIN}")
_STREET_CHINESE = re.compile(
    rf"(?:(?:{_HAN}){{2,5}}(?:路|街|大道|巷|胡同|弄)|(?:{_HAN}){{2,6}}(?:小区|花园|公寓|家园|新村|苑))\s?(?:"
    rf"{_PIECE}\s?){{1,6}}(?:\d{{2,4}})?(?<!\s)"
)
_FROM_COUNTY = re.compile(rf"(?<!老(?=家))(?!老家)(?:{_HAN}){{2,5}}?[县旗]{_CHAIN}")
_POSTCODE_CHINESE = re.compile(r"邮(?:政)?编(?:码)?\s*[:是为]?\s*(?P<it>\d{6})(?!\d)")
_BELOW_CITY = re.compile(rf"(?<!地)区|[县旗镇乡村路街弄巷屯道]|{_PIECE}|小区|花园|公寓|大厦|社区|苑")
_CARE = re.compile(r"(?:医[院科]|诊所|大学|门诊|市场|公司|药[店房]|机场|车站|研究所)")

_CAPITAL = r"(?:St\. )?[A-Z][A-Za-z']+"
_KIND = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Way|Terrace"
    r"|Close|Crescent|Parkway|Pkwy|Highway|Hwy|Circle"
    r"|Row|Gardens|Grove|Mews|Trail|Plaza|Alley|Walk|Hill|Rise|View|Wharf|Quay|Broadway|Loop|STREET|AVENUE|ROAD"
    r"|DRIVE|LANE)"
)
_STATE = (
    r"(?:A[LKZR]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT"
    r"|V[AT]|W[AIVY])"
)
_UK_CODE = r"[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}"
_ROOM = r"(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Room|Rm|Bldg|Building|#)\.?\s?#?[A-Z]?-?\d*[A-Z]?"
_TOWN = rf"(?:,\s?(?:{_CAPITAL}\s?){{1,3}})"
_CODE = rf"(?:(?:{_STATE}|{_CAPITAL})?,?\s?\d{{5}}(?:-\d{{4}})?(?!\d)|{_UK_CODE}|{_STATE}(?![A-Za-z]))"
_STREET = re.compile(
    rf"(?<![\w.])(?:{_ROOM},?\s)?\d{{1,5}}[A-Z]?(?:-\d{{1,5}})?,?\s(?:[NSEW]{{1,2}}\.?\s|North\s|South\s|East\s"
    rf"|West\s)?(?:(?:{_CAPITAL}\.?|\d{{1,3}}(?:st|nd|rd|th))\s){{1,3}}{_KIND}(?![A-Za-z])\.?"
    rf"(?:\s(?:NW|NE|SW|SE|North|South|East|West|N|S|E|W)(?![A-Za-z]))?(?:,?\s{_ROOM})?(?:{_TOWN}{{0,2}},?\s?"
    rf"{_CODE}|,\s{_CAPITAL}(?:\s{_CAPITAL})?(?![A-Za-z]))?"
)
_PO_BOX = re.compile(rf"(?<![A-Za-z])P\.?\s?O\.?\s?Box\s\d{{1,7}}(?:(?:{_TOWN}),?\s?{_CODE})?", re.IGNORECASE)
_CITY_STATE_ZIP = re.compile(
    rf"(?<![A-Za-z])(?:{_CAPITAL}\s){{0,2}}{_CAPITAL},\s{_STATE}\s\d{{5}}(?:-\d{{4}})?(?!\d)|(?<![A-Za-z])"
    rf"{_STATE}\s\d{{5}}(?:-\d{{4}})?(?![\d.])"
)
_POSTCODE = re.compile(
    rf"(?:(?i:post\s?code|zip(?:\s?code)?|postal code)\s*(?::|is)?\s*(?P<it>\d{{5}}(?:-\d{{4}})?|{_UK_CODE}"
    rf"|[A-Z]\d[A-Z]\s?\d[A-Z]\d))(?![A-Za-z0-9])"
)
_LIVING = re.compile(
    rf"(?<![A-Za-z])(?i:lives?|living|lived|resid(?:es|ing|ent)|moved|relocated|home(?:town)?|born|raised"
    rf"|address)\s?(?:(?i:in|at|to|of|is)\s|:\s?)(?P<it>(?:{_CAPITAL}(?:\s{_CAPITAL}){{0,2}})(?:,\s(?:"
    rf"{_CAPITAL}(?:\s{_CAPITAL})?|{_STATE}))?(?:\s\d{{5}})?)(?![A-Za-z])"
)
_DIGIT = re.compile(r"\d")
_NO_TOWNS = (
    "America|Africa|Asia|Europe|Australia|China|England|Britain|January|February|March|April|May|June|July|August"
    "|September|October|November|December|The"
)
_WIDE = frozenset(_NO_TOWNS.split("|"))


def find_chinese_addresses(text: str) -> Iterator[Identifier]:
    """Yield postal addresses in Chinese, of a text that is folded in place."""
    for pattern in (_LIVES_AT, _LIVES_IN, _FROM_ABOVE, _FROM_COUNTY, _STREET_CHINESE):
        for match in pattern.finditer(text):
            named = "it" if "it" in pattern.groupindex else 0
            if pattern is _LIVES_IN or (_BELOW_CITY.search(match[named]) and not _is_institution(text, match.end())):
                yield Identifier("address", *match.span(named))
    yield from spans_of(_POSTCODE_CHINESE, "address", text)


def find_english_addresses(text: str) -> Iterator[Identifier]:
    """Yield postal addresses in English, of a text that is folded in place."""
    for pattern in (_STREET, _PO_BOX, _CITY_STATE_ZIP, _POSTCODE) if _DIGIT.search(text) else ():
        yield from spans_of(pattern, "address", text)
    for match in _LIVING.finditer(text):
        if match["it"].split()[0] not in _WIDE:
            yield Identifier("address", *match.span("it"))


def _is_institution(text: str, end: int) -> bool:
    return _CARE.match(text, end) is not None
