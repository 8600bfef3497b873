"""Names of persons in English text: after labels and titles, beside degrees, by given names, and in pinyin."""

import re
from collections.abc import Iterator

from doctorsun.text.identifiers.english_words import (
    EPONYM_NOUNS,
    GIVEN_NAMES,
    NO_NAMES,
    PINYIN_SURNAMES,
    PINYIN_SYLLABLE,
    PLACES,
    SURNAMES,
)
from doctorsun.text.identifiers.span import Identifier

NAME_WORD = (
    r"(?:(?:O'|Mc|Mac|D'|De|Di|Le|Van|Fitz)?[A-Z\u00c0-\u00de][a-z\u00df-\u00ff]+"
    r"(?:-[A-Za-z\u00c0-\u00ff][a-z\u00df-\u00ff]+)?)"
)
_INITIAL = r"[A-Z](?:\.|(?=\s[A-Z]))"
_PARTICLE = r"(?:van|von|der|den|de|la|da|dos|del|di|bin|ibn|al|el|ter)"
_PART = rf"(?:{NAME_WORD}|{_INITIAL})"
_MORE = rf"(?:[ \u00a0]{{1,2}}(?:{_PARTICLE}[ ]){{0,2}}{_PART}){{1,3}}"
FULL_NAME = rf"{_PART}{_MORE}"
_CAPITALS = r"[A-Z][A-Z'-]+(?:(?:,\s?|\s|\^)[A-Z][A-Z'-]*\.?){1,3}"
LAST_FIRST = rf"{NAME_WORD},\s?{NAME_WORD}(?:\s[A-Z](?:\.|(?![A-Za-z'])))?"
NAME_END = r"(?![A-Za-z])"
_LETTERS = r"(?:[ -]{1,3}[A-Z])"
_SPELLED = rf"[A-Z]{_LETTERS}{{2,}}(?:,\s?[A-Z]{_LETTERS}+)?(?![A-Za-z.])(?:\s{NAME_WORD})?"  # S M I T H, J O H N
_ANY = rf"(?:{_SPELLED}|{LAST_FIRST}|{FULL_NAME}|{_CAPITALS})"

_TITLED = re.compile(
    rf"(?<![A-Za-z])(?:Mr|Mrs|Ms|Miss|Mx|Dr|Drs|Prof|Professor|Doctor|Sir|Nurse|Sister|MR|MRS|DR|PROF|Master"
    rf"|Rev|Sgt|Capt)(?:\.\s?|\s)\s?(?:(?:Dr|Prof|Mrs|Ms)\.?\s)?"
    rf"(?P<it>{_SPELLED}|(?:{_PARTICLE}\s)?{_PART}(?:{_MORE})?|(?<=\.\s)[A-Z][A-Z'-]{{2,}}(?:,?\s[A-Z][A-Z'-]+)?){NAME_END}"
)
_NAME_LABEL = re.compile(
    r"(?<![A-Za-z])(?<![Bb]rand )(?<![Gg]eneric )(?<![Dd]rug )(?<![Tt]rade )(?<![Pp]roduct )(?<![Tt]est )"
    r"(?<![Ff]ile )(?<![Gg]ene )(?<![Cc]ommon )(?<![Ss]cientific )(?<![Ss]tudy )"
    r"(?:(?i:(?:patient|pt|full|last|first|family|given|middle|legal|maiden|preferred|guardian|contact"
    r"|physician|doctor|provider)(?:'s)?(?:\s(?:full|last|first))?\s+name|surname|name(?: of patient)?))"
    rf"\s{{0,8}}(?:[:=#]|-(?=\s)|\s(?:is|was)(?=\s))\s{{0,12}}(?P<it>{_ANY}|{NAME_WORD}|[A-Z][A-Z'-]+){NAME_END}"
)
_NAME_COLUMN = re.compile(rf"(?<![A-Za-z])(?i:(?:patient|pt)(?:'s)? name)\s+(?P<it>{_ANY}){NAME_END}")
_ROLE = (
    r"(?:patient|pt|mother|father|husband|wife|son|daughter|brother|sister|partner|spouse|guardian|caregiver"
    r"|carer|next of kin|NOK|emergency contact|contact(?: person)?"
    r"|referring (?:physician|doctor|provider|MD)|referred by|ordering (?:physician|provider)|ordered by"
    r"|requested by|attending(?: physician| radiologist)?|physician|provider|clinician"
    r"|radiologist|pathologist|cardiologist|surgeon|oncologist|anesthesiologist|anaesthetist|consultant"
    r"|resident|fellow|registrar|reader|technologist|technician|sonographer|operator|reporter|author|witness"
    r"|interpreter"
    r"|reported by|reporting (?:physician|radiologist)|dictated by|transcribed by|signed by|(?:electronically"
    r" )?signed|reviewed by|verified by|validated by|interpreted by|read by|approved by|authorized by|performed"
    r" by|prepared by|completed by|attested by|entered by"
    r"|assistant|pcp|gp|nurse|cc|copy to|referring|caregiver|attn|attention|signature|subject|client|employee"
    r"|informant|doctor|case manager|social worker|therapist|pharmacist)"
)
_LABELLED = re.compile(
    rf"(?<![A-Za-z])(?i:{_ROLE})\s{{0,8}}(?::|\s-)\s{{0,12}}(?:Dr\.?\s|Mr\.?\s|Mrs\.?\s|Ms\.?\s|Prof\.?\s)?"
    rf"(?P<it>{_ANY}){NAME_END}"
)
_BY = re.compile(
    r"(?<![A-Za-z])(?i:(?:dictated|transcribed|signed|reported|reviewed|read|interpreted|verified|approved"
    r"|performed|seen|examined|referred|ordered|requested|accompanied|written|evaluated|treated|followed"
    r"|operated on|attended|brought in)"
    r"(?:\s(?:and|electronically)\s\w+)?\s+by|spoke (?:with|to)|discussed (?:with|by)|(?:results|findings) "
    r"(?:were )?(?:called|communicated|conveyed|relayed) to|care of|under the care of|attention of)\s+"
    rf"(?:(?:his|her|their|the)\s\w+\s)?(?P<it>{FULL_NAME}|[A-Z][A-Z'-]{{2,}},\s[A-Z](?:\.|(?![A-Za-z']))){NAME_END}"
)
_CALLED = re.compile(
    rf"(?<![A-Za-z])(?i:my name is|name's|i am called|who is called|is named|was named|named|i'm|this is|goes"
    rf" by|known as)\s+(?P<it>{FULL_NAME}){NAME_END}"
)
_MY_NAME = re.compile(rf"(?i:my name is|my name's)\s+(?P<it>{NAME_WORD}(?:{_MORE})?){NAME_END}")
_PRESENTED = re.compile(
    rf"(?<![A-Za-z'.-])(?P<it>{FULL_NAME})(?=,?\s(?:is\s|was\s)?(?:an?\s)?(?:\d{{1,3}}|[a-z]+)[- ]years?[- ]old"
    rf"|\s?\((?:male|female|man|woman|boy|girl|[MF]\b|aged?|born|DOB)|\s(?:lives|resides|is doing|was seen|was"
    rf" admitted|was discharged|was examined|was referred|presents|presented|denies|denied|complains|complained"
    rf"|underwent|tolerated|returned|has been|had been)\s)"
)
_WRITTEN_TO = re.compile(
    rf"(?<![A-Za-z])(?:Dear|(?:[Ss]incerely|[Rr]egards|[Rr]espectfully|[Yy]ours(?: truly| faithfully)?)\s*,"
    rf"|R[Ee]\s*:|[Rr]egarding|[Rr]eferring|[Cc]oncerning"
    rf"|(?:I|[Ww]e) (?:saw|met|reviewed|examined|assessed|evaluated)|[Cc]onsent (?:was |has been )?(?:obtained"
    rf"|given) (?:from|by)|[Ii]nterpreter)\s+(?P<it>{FULL_NAME}){NAME_END}"
)
_ABOUT = re.compile(
    rf"(?<![A-Za-z])(?i:scans?|images?|films?|MRI|CT|x-rays?|radiographs?|ultrasound|charts?|records?|reports?"
    rf"|results?|biops(?:y|ies)|notes?|letter) (?i:of|for|on|from)\s(?P<it>{FULL_NAME}){NAME_END}"
)
_KIN = re.compile(
    r"(?<![A-Za-z])(?:(?:[Pp]atient|[Pp]t|mother|father|husband|wife|son|daughter|brother|sister|partner|spouse"
    r"|aunt|uncle|grandmother|grandfather|friend|neighbou?r|colleague|boyfriend|girlfriend|baby|child|infant|[Mm][ou]m|[Dd]ad"
    r"|boy|girl|man|woman|gentleman|lady|[Cc]aregiver|[Cc]arer|[Ii]nterpreter|[Ss]chedule|provided by|obtained"
    r" from|I am|[Aa]dmit|[Rr]efer|[Dd]ischarge),?)"
    rf"\s(?P<it>{FULL_NAME}){NAME_END}"
)
_KIN_IS = re.compile(
    r"(?<![A-Za-z])(?i:mother|father|mom|mum|mommy|mummy|dad|daddy|husband|wife|son|daughter|brother|sister|partner"
    r"|spouse|aunt|uncle|cousin|niece|nephew|grandmother|grandfather|grandma|grandpa)\s(?:is|was)(?:\s(?:called|named))?"
    rf"\s(?P<it>{FULL_NAME}){NAME_END}"
)
_AGED = re.compile(  # pt mary jones 54yo F
    r"(?<![a-z'.-])(?P<it>(?P<first>[a-z]+)(?:\s[a-z]\.?)?\s(?P<last>[a-z'-]{2,}))"
    r"(?=,?\s{1,2}\d{1,3}[\s-]?(?:yo|y/o|y\.o\.|(?-i:[FM])|(?:years?|yrs?)[\s-]old)(?![a-z]))",
    re.IGNORECASE,
)
_SURNAME_INITIAL = re.compile(  # but not the options A. Colles B. Smith C. Barton
    rf"(?<![A-Za-z'-])(?<![A-H][.)]\s)(?P<it>(?:{SURNAMES}|{PINYIN_SURNAMES}),?\s[A-Z]\.(?:\s?[A-Z]\.)?){NAME_END}"
)
_SURNAME_OF_PATIENT = re.compile(
    rf"(?<![A-Za-z])(?i:patient|pt)\.?\s(?P<it>{SURNAMES})(?=,?\s(?:is|was|has|had|denies|denied|presents|presented|reports"
    rf"|reported|complains|complained|states|stated|underwent|tolerated|returned|\d{{1,3}}\s?(?:yo|y/o|years|[FM]\b))(?![a-z]))"
)
_KIN_FIRST = re.compile(
    r"(?<![A-Za-z])(?i:my|his|her|their|your|our) (?:mother|father|husband|wife|son|daughter|brother|sister|partner"
    rf"|aunt|uncle|grandmother|grandfather|friend|boyfriend|girlfriend|baby),?\s(?P<it>(?P<first>{NAME_WORD})){NAME_END}"
)
_DEGREE = re.compile(
    rf"(?<![A-Za-z'-])(?P<it>{FULL_NAME}|{_CAPITALS}),?\s(?=(?:M\.?D\.?|Ph\.?D\.?|D\.?O\.?|R\.?N\.?|MBBS|MBChB|FRCR"
    rf"|FRCP|FRCS|NP|PA-C|DDS|DMD|PharmD|MPH|FACR|FACC|LCSW|CRNP|RDMS|DNP|MSc)(?![A-Za-z]))"
)
_GIVEN = re.compile(
    rf"(?<![A-Za-z'.-])(?P<it>(?P<first>{NAME_WORD})(?:\s{_INITIAL})?(?:\s(?:{_PARTICLE}\s)?{NAME_WORD}){{1,2}}){NAME_END}"
)
_REVERSED = re.compile(
    rf"(?:^|(?<=[:;(\n])|(?<=[:;(\n]\s)|(?<=\bby\s))(?P<it>{NAME_WORD},\s(?P<first>{NAME_WORD})(?:\s{_INITIAL})?){NAME_END}",
    re.MULTILINE,
)
_PINYIN = re.compile(
    rf"(?<![A-Za-z-])(?P<it>(?:{PINYIN_SURNAMES})\s(?=[A-Z]){PINYIN_SYLLABLE}(?:[-']?{PINYIN_SYLLABLE})?|"
    rf"(?=[A-Z]){PINYIN_SYLLABLE}(?:-?{PINYIN_SYLLABLE})\s(?:{PINYIN_SURNAMES})){NAME_END}(?!-)"
)
_HERB = r"(?:herbs?|medicinals?|decoctions?|formulas?|granules|plants?|roots?|acupoints?)"
_OF_MEDICINE = re.compile(  # Xu Changqing is a herb
    rf"\s(?:(?:is|was)\san?\s(?:[A-Za-z-]+\s){{0,2}}?)?{_HERB}(?=\s*(?:[^\sA-Za-z-]|$)"
    r"|\s(?:used|that|which|for|in|of|from|with|and|or|is|was)\b)"
)
_DICOM_NAME = re.compile(r"(?<![A-Za-z^])(?P<it>[A-Za-z'-]{2,}\^[A-Za-z'-]+(?:\^[A-Za-z.]*)*)")
_EPONYM = re.compile(rf"(?:\s+|(?=['-]))(?i:{EPONYM_NOUNS})\b")

_TRUSTED = (_NAME_LABEL, _NAME_COLUMN, _LABELLED, _MY_NAME, _DEGREE, _DICOM_NAME, _SURNAME_INITIAL, _SURNAME_OF_PATIENT)
_CHECKED = (_BY, _CALLED, _PRESENTED, _WRITTEN_TO, _ABOUT, _KIN, _KIN_IS)
_NO_LAST = frozenset({"Aged", "Age", "Be"})
_BY_GIVEN_NAME = (_GIVEN, _REVERSED, _KIN_FIRST)


def find_english_names(text: str) -> Iterator[Identifier]:
    """Yield names of persons in Latin letters of a text that is folded in place."""
    for pattern in _TRUSTED:
        yield from _names(pattern, text)
    for name in _names(_TITLED, text):
        if text[name.end : name.end + 1] in "'-" or not _EPONYM.match(text, name.end):  # Mrs. Young's pain is hers
            yield name
    for pattern in _CHECKED:
        yield from (
            name
            for name in _names(pattern, text)
            if " " in text[name.start : name.end] and not _EPONYM.match(text, name.end)
        )
    for name in _names(_PINYIN, text):
        is_pair = " " in text[name.start : name.end]
        if is_pair and not (_EPONYM.match(text, name.end) or _OF_MEDICINE.match(text, name.end)):
            yield name
    yield from _aged(text)
    for pattern in _BY_GIVEN_NAME:
        for match in pattern.finditer(text):
            if match["first"].split("-")[0] in GIVEN_NAMES and match["it"] not in PLACES:
                yield from (
                    name
                    for name in [trimmed_name(text, *match.span("it"))]
                    if name and not _EPONYM.match(text, name.end)
                )


def _aged(text: str) -> Iterator[Identifier]:
    for match in _AGED.finditer(text):
        if match["first"].title() in GIVEN_NAMES - NO_NAMES and match["last"].title() not in NO_NAMES | _NO_LAST:
            yield Identifier("name", *match.span("it"))


def _names(pattern: re.Pattern[str], text: str) -> Iterator[Identifier]:
    for match in pattern.finditer(text):
        name = trimmed_name(text, *match.span("it"))
        if name:
            yield name


def trimmed_name(text: str, start: int, end: int) -> Identifier | None:
    """Return the span up to the first word that is no part of a name, or None where it begins with one."""
    for word in re.finditer(r"[A-Za-z\u00c0-\u00ff'-]+", text[start:end]):
        if len(word[0]) > 1 and (word[0] in NO_NAMES or (word[0].isupper() and word[0].title() in NO_NAMES)):
            if word.start() == 0:
                return None
            return Identifier("name", start, start + len(text[start : start + word.start()].rstrip(" ,")))
    return Identifier("name", start, end)
