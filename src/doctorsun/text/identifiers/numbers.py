"""Telephone, identity, record and account numbers, by their label or by their form and check digit."""

import re
from collections.abc import Iterator

from doctorsun.text.identifiers.check_digits import (
    holds_birth_date,
    is_bank_card,
    is_nhs_number,
    is_resident_id,
    is_taiwan_id,
)
from doctorsun.text.identifiers.span import Identifier, Kind, spans_of
from doctorsun.text.language import has_han

_START = r"(?<![0-9A-Za-z.])(?<!\d[-/ ])"
_NO_QUANTITY = r"(?![\d.]*\s*(?:copies|拷贝|iu|u/|u/ml|ml|mg|mm|cm|ng|pg|kg|/ml|/l|[%％×]|\*|x10|e\d|个/))"
_IS = r"(?:[\s:#=是为]|号码|No\.|is\b|was\b){0,12}"

_CHINESE_MOBILE = re.compile(
    rf"{_START}(?:\(?(?:\+|00)?\s?86\)?[- ]?)?1[ .-]?[3-9](?:[ .-]?\d){{9}}(?!\d){_NO_QUANTITY}", re.IGNORECASE
)
_CHINESE_LANDLINE = re.compile(
    rf"{_START}(?:(?:\(?(?:\+|00)86\)?[- ]?)?\(0\d{{2,3}}\)\s?|0\d{{2,3}}[- ]|(?:\+|00)86[- ]?\d{{2,3}}[- ]|0"
    rf"(?:10|2\d|[3-9]\d{{2}}))"
    rf"[2-8]\d{{2,3}}[- ]?\d{{4}}(?:\s?(?:-|转|分机|ext\.?)\s?\d{{1,6}})?(?!\d){_NO_QUANTITY}",
    re.IGNORECASE,
)
_SERVICE_LINE = re.compile(rf"{_START}[48]00(?:[- ]\d{{3}}[- ]\d{{4}}|[- ]?\d{{7}}|[- ]\d{{4}}[- ]\d{{3}})(?!\d)")
_AMERICAN_PHONE = re.compile(
    rf"{_START}(?:\+?1[-. ]?)?(?:\([2-9]\d{{2}}\)\s?|[2-9]\d{{2}}[-. ])\d{{3}}[-. ]\d{{4}}"
    r"(?:,?\s*(?:x|ext\.?|extension)\s*\d{1,6})?(?!\w)(?!\.\d)",
    re.IGNORECASE,
)
_AMERICAN_WORD_PHONE = re.compile(
    r"(?<!\w)1?-?8\d{2}-(?=[A-Z0-9-]*[A-Z])[A-Z0-9]{3,4}-?[A-Z0-9]{3,8}(?:-[A-Z0-9]+)?(?!\w)"
)
_BRITISH_PHONE = re.compile(
    rf"{_START}(?:\+44\s?(?:\(0\)\s?)?|\(?0(?=[1237]))\d{{2,4}}\)?[ -]?\d{{3,4}}[ -]?\d{{3,4}}(?!\d)"
)
_INTERNATIONAL_PHONE = re.compile(r"(?<![\w+])\+\d{1,3}(?:[-. ]?\(?\d{1,5}\)?){2,6}(?![\w])(?!\.\d)")
_LABELLED_PHONE = re.compile(
    r"(?:电话号?码?|手机号?码?|联系方式|联系号码|传真|热线|座机|寻呼|致电|拨打|(?<![a-z])(?:tel|telephone|phone"
    r"|mobile|cell(?:phone)?"
    r"|fax|pager|hotline|whatsapp|ph|call(?:ed)?|contact)(?![a-z])(?:\s+(?:no|number|at|on|us at))?\.?)"
    rf"{_IS}(?P<it>[+(]?\d(?:[-. ()]{{0,2}}\d){{6,14}})(?!\d){_NO_QUANTITY}",
    re.IGNORECASE,
)
_EXTENSION = re.compile(
    r"(?:分机号?|内线|(?<![a-z])ext(?:ension|\.)?(?![a-z]))\s*[:.]?\s*(?P<it>\d{3,6})(?!\d)", re.IGNORECASE
)

_VALUE = (
    r"(?P<it>(?:[A-Z]{1,6}[-_ ]?|[加+])?\d+(?:[-_/]\d+| \d+(?![\d.]*\s*(?:[年月天日岁周小个次%型级期例]|[cm]m"
    r"|yo\b|year|day|week|hour|month))"
    r"|[-_/]?[A-Z]{1,4}(?![A-Za-z]))*(?:\([0-9A-Z]\))?)"
)
_RECORD_LABEL_CHINESE = (
    r"(?:住院|门诊|急诊|病案|病历|病例|就诊|诊疗|检查|影像|放射|超声|[BＢ]超|彩超|心电图?|脑电图?|CT|MRI?|DR|CR"
    r"|PET|X线|X光|X片|[拍照]?片"
    r"|内镜|胃镜|肠镜|病理|标本|样本|玻片|蜡块|切片|登记|申请|检验|化验|体检|患者|病人|受检者|受试者|图像|随访"
    r"|档案|流水|条码|条形码"
    r"|报告|医嘱|处方|发票|收据|挂号|预约|床位?|(?<![A-Za-z])ID)(?:单|卡|证|序|流水)?\s?(?:号码|编号|条码|号|ID|No\.?)"
)
_RECORD_LABEL_ENGLISH = (
    r"(?<![A-Za-z])(?:(?:MRN|FIN|CSN|URN|UMRN|UHID|PID|HRN)(?:\s*(?:no|number))?"
    r"|(?:(?:electronic\s+)?(?:medical|health|hospital|clinic(?:al)?)\s+)?(?:record|chart|file|unit|hospital"
    r"|patient|pt|accession|acc|encounter|visit"
    r"|admission|account|episode|specimen|sample|pathology|path|exam(?:ination)?|study|requisition|order|film"
    r"|x-ray|imaging|radiology"
    r"|case|report|registration|lab(?:oratory)?|barcode|subject|participant|referral|invoice)\.?\s*(?:ID|I\.D\."
    r"|identifier|identification|no|number|num|nr|\#)(?![a-z])(?:\s+(?:number|no))?"
    r"|hosp\.?\s*no|accession|medical record)\.?"
)
_BARE_ID = re.compile(r"(?<![A-Za-z])(?<![A-Za-z]\s)ID\s?[:#]\s?(?P<it>[A-Z]{0,4}\d{6,})(?![A-Za-z0-9])")
_RECORD_CHINESE = re.compile(rf"{_RECORD_LABEL_CHINESE}{_IS}{_VALUE}", re.IGNORECASE)
_RECORD_ENGLISH = re.compile(rf"{_RECORD_LABEL_ENGLISH}{_IS}(?=[A-Z0-9-]*\d[-A-Z0-9 ]*\d){_VALUE}", re.IGNORECASE)
_BED = re.compile(
    r"(?:(?:病区|病室|科|病房|楼|室)\s?(?P<ward>[A-Z加+]?\d{1,3})\s?床(?!位|单|旁|边|上|头)"
    r"|(?<![\d.])(?P<numbered>[A-Z加+]?\d{1,3})号?病?床(?=患者|病人|[,。;、]|$)"
    r"|床位?\s?:\s?(?P<labelled>[A-Z加+]?\d{1,4})(?!\d)|(?<![A-Za-z])(?:bed|cubicle)\s*(?:no\.?|number|\#"
    r"|:)?\s*(?P<english>[A-Z]?-?\d{1,3}[A-Z]?)(?![\w.])(?!\s*(?:-\s?\d|to\s?\d|days?|weeks?|hours?|h\b|nights?"
    r"|beds?|months?|times?)))",
    re.IGNORECASE,
)

_RESIDENT_ID = re.compile(r"(?<![0-9A-Za-z.])[1-9](?:[ -]?\d){16}[ -]?[\dXx](?![0-9A-Za-z])")
_OLD_RESIDENT_ID = re.compile(r"(?<![0-9A-Za-z.])[1-9](?:[ ]?\d){14}(?![0-9A-Za-z])(?!\.\d)")
_CARD = re.compile(r"(?<![0-9A-Za-z.])[3-6]\d{3}(?:[ -]?\d{4}){3}(?:[ -]?\d{1,3})?(?![0-9A-Za-z])")
_NHS = re.compile(r"(?<![0-9A-Za-z.-])\d{3} \d{3} \d{4}(?![0-9A-Za-z])")
_TAIWAN = re.compile(r"(?<![0-9A-Za-z])[A-Z][1289]\d{8}(?![0-9A-Za-z])")
_SSN = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}[- ]\d{2}[- ]\d{4}(?![\w-])")
_HONG_KONG = re.compile(r"(?<![0-9A-Za-z])[A-Z]{1,2}\d{6}\([0-9A]\)")
_PASSPORT = re.compile(r"(?<![0-9A-Za-z-])(?:E[A-HJ-NP-Z]\d{7}|[EG]\d{8}|[HM]\d{8}(?:\d{2})?)(?![0-9A-Za-z])")
_INSURANCE = re.compile(
    r"(?<![0-9A-Za-z])(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]"
    r"(?![0-9A-Za-z])"
)
_ID_LABEL = (
    r"(?:身份证(?:件)?(?:明)?(?:号码|号)?|证件号?码?|护照号?码?|通行证号?码?|回乡证号?码?|台胞证号?码?|居住证"
    r"号?码?|居留证号?码?|军[官人]?证号?码?|士兵证号?码?"
    r"|(?:医保|社保|医疗保险|社会保障|社会保险|新农合|农合|参合|合作医疗|保险|保单|医疗证|驾驶证|驾照|银行卡|残"
    r"疾证|出生(?:医学)?证(?:明)?|健康卡|一卡通|老年证)"
    r"(?:卡|证|单)?(?:编号|账号|号码|号)?"
    r"|(?<![A-Za-z])(?:SSN|social security|NHS|NINO|national insurance|passport|medicare|medicaid|insurance"
    r"|policy|member(?:ship)?|subscriber"
    r"|driver'?s? licen[cs]e|driving licen[cs]e|national id(?:entity)?|identity card|HKID|ID card|beneficiary"
    r"|health card|health plan)"
    r"(?:\s+(?:policy|card|plan|member))?(?:\s*(?:ID|identifier|no|number|num|\#)(?![a-z]))?(?:\s+(?:number|no))?\.?)"
)
_LABELLED_ID = re.compile(
    rf"{_ID_LABEL}{_IS}(?P<it>(?:(?-i:[A-Z]{{1,4}})[- ]?|[\u4e00-\u9fff](?:字第|字|第)?)?\d(?:[ -]?\d){{4,20}}"
    rf"(?:[ -]?[A-Z](?![A-Za-z]))?(?:[A-Z]\d+[A-Z]{{0,2}})?(?:\([0-9A-Z]\))?"
    r"|(?-i:[A-Z])\d{3,8}(?-i:[A-Z])\d{2,6}|[A-Z]{1,3}\d[A-Z]{1,2}[- ]?\d{3,4}[- ]?[A-Z]{2}\d{2}"
    r"|\d[A-Z]{2}\d-?[A-Z]{2}\d-?[A-Z]{2}\d{2})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"(?:微信|威信|薇信|扣扣|(?<![A-Za-z])(?:VX|WX|WeChat|QQ|Weixin|LINE|Skype|Telegram|Instagram|Twitter"
    r"|Facebook|TikTok)(?![A-Za-z])"
    r"|微博|抖音|快手|小红书|支付宝|企鹅)\s?(?:号码?|账号|帐号|群号?|群|(?<![A-Za-z])(?:ID|account|number"
    r"|handle)(?![A-Za-z]))*\s*"
    r"(?:(?:[:=]|是|为|is\b|加)\s*(?P<named>@?[A-Za-z][A-Za-z0-9_.-]{3,29}|\d{5,12})|(?P<bare>"
    r"(?=[A-Za-z]*[\d_-])[A-Za-z0-9_-]{5,30}))"
    r"(?![A-Za-z0-9])",
    re.IGNORECASE,
)

_OF_BOTH: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (_LABELLED_ID, "id_number"),
    (_SSN, "id_number"),
    (_CHINESE_MOBILE, "phone"),
    (_CHINESE_LANDLINE, "phone"),
    (_SERVICE_LINE, "phone"),
    (_AMERICAN_PHONE, "phone"),
    (_BRITISH_PHONE, "phone"),
    (_LABELLED_PHONE, "phone"),
    (_EXTENSION, "phone"),
)
_WITH_LATIN: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (_HONG_KONG, "id_number"),
    (_PASSPORT, "id_number"),
    (_INSURANCE, "id_number"),
    (_RECORD_ENGLISH, "record_number"),
    (_BARE_ID, "record_number"),
    (_AMERICAN_WORD_PHONE, "phone"),
)
_LATIN = re.compile(r"[A-Za-z]")
_FEWEST_DIGITS, _MOST_DIGITS = 8, 15  # of an international telephone number (ITU-T E.164)


def find_numbers(text: str) -> Iterator[Identifier]:
    """Yield telephone, identity, record and account numbers of a text that is folded in place."""
    yield from _identity_numbers(text)
    if has_han(text):
        yield from spans_of(_RECORD_CHINESE, "record_number", text)
    for pattern, kind in _OF_BOTH + (_WITH_LATIN if _LATIN.search(text) else ()):
        yield from spans_of(pattern, kind, text)
    for match in _INTERNATIONAL_PHONE.finditer(text):
        if _FEWEST_DIGITS <= sum(char.isdigit() for char in match[0]) <= _MOST_DIGITS:
            yield Identifier("phone", *match.span())
    for match in _BED.finditer(text):
        yield Identifier("record_number", *match.span(match.lastgroup or 0))


def find_accounts(text: str) -> Iterator[Identifier]:
    """Yield accounts of messengers of a text that is folded in place; they may be words without a digit."""
    for match in _ACCOUNT.finditer(text):
        yield Identifier("account", *match.span(match.lastgroup or 0))


def _identity_numbers(text: str) -> Iterator[Identifier]:
    for pattern, holds in (
        (_RESIDENT_ID, lambda number: is_resident_id(number) or holds_birth_date(number)),
        (_OLD_RESIDENT_ID, holds_birth_date),
        (_CARD, is_bank_card),
        (_NHS, is_nhs_number),
        (_TAIWAN, is_taiwan_id),
    ):
        for match in pattern.finditer(text):
            if holds(match[0]):
                yield Identifier("id_number", *match.span())
