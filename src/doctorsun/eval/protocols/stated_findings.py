"""Findings that a report states, with their sides: the frozen terms and rules of report_findings@1, zh and en."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from doctorsun.text.language import has_han
from doctorsun.text.normalize import fold

Stated = dict[str, frozenset[str]]
"""The findings that are there, each with the sides that it is on: left, right, both, or none that is told."""

_SENTENCE_END = re.compile(r"\.(?=\s|$)|[;!?。]")
_SEGMENT_END = re.compile(r"[,:、]|\b(?:and|with)\b|[及和与伴并]")
_JOINED = re.compile(r"\band\b|[及和与]")
_CLAUSE_START_ZH = re.compile(r"[,:]")
_BOTH_SIDES = re.compile(r"\bleft and right\b|\bright and left\b|\bleft/right\b|左、?右(?=两?侧)|左、右")
_SIDES = re.compile(r"\b(?P<left>left|os)\b|\b(?P<right>right|od)\b|\b(?P<both>bilateral(?:ly)?|both)\b")
_SIDES_ZH = re.compile(r"(?P<left>左)|(?P<right>右)|(?P<both>双|两侧)")

_NOT_DENIED = re.compile(
    r"(?:can ?not|could not|not)(?: be)?(?: entirely| completely)? (?:exclude|excluded|rule out|ruled out)"
    r"|\bno (?:significant |interval |definite |acute )*(?:change|doubt|increase|difference)\b(?: in\b)?|\bnot only\b"
    r"|(?:不能|不可|无法|未能|不|未|待)(?:完全)?(?:除外|排除)|待排|无(?:明显)?变化"
)
_DENIES = re.compile(
    r"\b(?:no|not|without|neither|nor|none|absence of|absent|negative for|free of|denies|ruled out|resolution of"
    r"|resolved|clear of)\b"
)
_DENIAL_ENDS = re.compile(
    r"\b(?:but|however|although|though|except|apart from|there is|there are|which|because|while|yet)\b"
    r"|,\s*(?:and\s+)?(?:the|there|a|an|with)\b"
)
_DENIED_AFTER = re.compile(
    r"\s*(?:\(-\)|(?:is|are|was|were|has|have)?\s*(?:been\s+)?(?:not|no longer|absent|ruled out|excluded|resolved"
    r"|unlikely|negative)\b|:\s*(?:no|none|absent|negative)\b)"
)
_DENIES_ZH = re.compile(
    r"未(?!分化|定|成熟|明确|闭|破|愈)|无(?!回声|痛|菌|症状|法|名|定形|机|力|强化)|没有|不伴|否认|阴性|除外|排除"
    r"|不存在|不考虑|并非|不是"
)
_DENIED_AFTER_ZH = re.compile(
    r"[^,:、及和与]*?(?:未见(?:明显|确切)?\s*$|消失|吸收|不明显|阴性|\(-\)|不存在|不考虑|排除|除外)"
)
# A word for some change of form belongs to the organ beside it: "a cyst is seen in the kidney" is a renal cyst.
_HEADS = frozenset(
    {
        "cyst",
        "mass",
        "nodule",
        "lesion",
        "tumour",
        "tumor",
        "calcification",
        "oedema",
        "edema",
        "haemorrhage",
        "hemorrhage",
        "囊肿",
        "肿块",
        "结节",
        "病灶",
        "低密度灶",
        "占位",
        "肿瘤",
        "钙化",
        "水肿",
        "出血",
    }
)
_ORGANS = (
    (r"\bkidneys?\b|\brenal\b", ("renal", "kidney")),
    (r"\bliver\b|\bhepatic\b", ("liver", "hepatic")),
    (r"\blungs?\b|\bpulmonary\b", ("pulmonary",)),
    (r"\bbreasts?\b", ("breast",)),
    (r"\bthyroid\b", ("thyroid",)),
    (r"\bbrain\b|\bcerebral\b|\bintracranial\b", ("brain", "cerebral", "intracranial")),
    (r"\bpancrea(?:s|tic)\b", ("pancreatic",)),
    (r"\badrenals?\b", ("adrenal",)),
    (r"\bbladder\b", ("bladder",)),
    (r"\bovar(?:y|ies|ian)\b", ("ovarian",)),
    (r"\baort(?:a|ic)\b", ("aortic",)),
    (r"\bretinal?\b", ("retinal",)),
    ("肾(?!上腺)", ("肾",)),
    ("肾上腺", ("肾上腺",)),
    ("肝", ("肝", "肝脏")),
    ("肺", ("肺", "肺部")),
    ("乳", ("乳腺",)),
    ("甲状腺", ("甲状腺",)),
    ("脑|颅", ("脑", "颅内", "脑内")),
    ("胰", ("胰腺",)),
    ("膀胱", ("膀胱",)),
    ("卵巢", ("卵巢",)),
    ("主动脉", ("主动脉",)),
    ("视网膜|眼底", ("视网膜",)),
)


@dataclass(frozen=True, slots=True)
class _Terms:
    """The frozen terms: findings of each phrase, parents, and what is known of each finding."""

    phrases: dict[str, tuple[str, ...]]
    parents: dict[str, str]
    modalities: dict[str, str]
    organs: dict[str, str]
    sided: frozenset[str]
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Mention:
    name: str
    start: int
    end: int
    is_chinese: bool


def findings_stated(text: str, modality: str = "") -> Stated:
    """Return what a report says is there; findings that it denies, and those it leaves out, are not.

    A finding that is only suspected counts as stated. Where a report names a finding and what it is a kind of, the
    more exact one counts. Sides are told of paired organs alone.

    Args:
        text: the report, in either language.
        modality: id of the ontology; a finding that is looked for on another modality alone is not meant.
    """
    stated: dict[str, set[str]] = {}
    for sentence in _sentences(text):
        mentions = list(_mentions(sentence, modality))
        for mention in mentions:
            if not _is_denied(sentence, mention):
                sides = _sides_of(sentence, mention, mentions) if mention.name in _terms().sided else ()
                stated.setdefault(mention.name, set()).update(sides)
    return {name: frozenset(sides) for name, sides in stated.items() if name not in _ancestors(stated)}


@cache
def _terms() -> _Terms:
    file = resources.files("doctorsun.eval.protocols").joinpath("report_findings_1.json")
    rows = json.loads(file.read_text(encoding="utf-8"))["findings"]
    phrases: dict[str, tuple[str, ...]] = {}
    for row in rows:
        for phrase in dict.fromkeys((*row["en"], *map(_odd_plural, row["en"]), *row["zh"])):
            phrases[phrase] = (*phrases.get(phrase, ()), row["id"])
    words = sorted({*phrases, *_HEADS}, key=len, reverse=True)
    chinese = "|".join(re.escape(word) for word in words if has_han(word))
    english = "|".join(re.escape(word) for word in words if not has_han(word))
    return _Terms(
        phrases=phrases,
        parents={row["id"]: row["parent"] for row in rows},
        modalities={row["id"]: row["modality"] for row in rows},
        organs={row["id"]: row["organ"] for row in rows},
        sided=frozenset(row["id"] for row in rows if row["sided"]),
        pattern=re.compile(rf"(?:{chinese})|\b(?P<english>{english})(?:e?s)?\b"),
    )


def _odd_plural(phrase: str) -> str:
    """Return the plural that no added s makes (opacities, metastases), or the phrase."""
    if phrase.endswith("y") and phrase[-2:-1] not in "aeiou":
        return f"{phrase[:-1]}ies"
    return f"{phrase[:-2]}es" if phrase.endswith("sis") else phrase


def _sentences(text: str) -> Iterator[str]:
    folded = fold(text.replace("\n", "; "))
    plain = _BOTH_SIDES.sub(lambda found: "双" if has_han(found[0]) else "bilateral", folded)
    for sentence in _SENTENCE_END.split(plain):
        if sentence.strip():
            yield sentence


def _mentions(sentence: str, modality: str) -> Iterator[_Mention]:
    for found in _terms().pattern.finditer(sentence):
        phrase = found["english"] or found[0]
        name = _meant(phrase, _clause(sentence, found) if has_han(phrase) else sentence, modality)
        if name:
            yield _Mention(name, found.start(), found.end(), has_han(phrase))


def _clause(sentence: str, found: re.Match[str]) -> str:
    before, after = sentence[: found.start()], sentence[found.end() :]
    return _CLAUSE_START_ZH.split(before)[-1] + found[0] + _CLAUSE_START_ZH.split(after)[0]


def _meant(phrase: str, context: str, modality: str) -> str:
    """Return the finding that a phrase means beside the organs of its context; empty where it means none."""
    terms = _terms()
    is_elsewhere = False
    if phrase in _HEADS:
        gap = "" if has_han(phrase) else " "
        stems = [stem for words, stems in _ORGANS if re.search(words, context) for stem in stems]
        composed = [f"{stem}{gap}{phrase}" for stem in stems if has_han(stem) == has_han(phrase)]
        found = [terms.phrases[words][0] for words in composed if words in terms.phrases]
        if found:
            return found[0]
        is_elsewhere = bool(composed)
    names = [
        name
        for name in terms.phrases.get(phrase, ())
        if (not modality or terms.modalities[name] in ("", modality)) and not (is_elsewhere and terms.organs[name])
    ]
    own = [name for name in names if modality and terms.modalities[name] == modality]
    return next(iter(own or names), "")


def _ancestors(names: Iterable[str]) -> set[str]:
    parents = _terms().parents
    found: set[str] = set()
    for name in names:
        above = parents[name]
        while above and above not in found:
            found.add(above)
            above = parents.get(above, "")
    return found


def _is_denied(sentence: str, mention: _Mention) -> bool:
    open_ended = _NOT_DENIED.sub(lambda found: " " * len(found[0]), sentence)
    before, after = open_ended[: mention.start], open_ended[mention.end :]
    if mention.is_chinese:
        clause = _CLAUSE_START_ZH.split(before)[-1]
        return bool(_DENIES_ZH.search(clause) or _DENIED_AFTER_ZH.match(_CLAUSE_START_ZH.split(after)[0]))
    return bool(_DENIES.search(_DENIAL_ENDS.split(before)[-1]) or _DENIED_AFTER.match(after))


def _sides_of(sentence: str, mention: _Mention, mentions: list[_Mention]) -> set[str]:
    """Return the sides of a mention: the nearest in its segment, before it if any, else those of a neighbour.

    A segment without a side takes that of the one before it, where this names no finding of its own or is joined to
    it by ``and``, else that of the one behind it, where this names no finding.
    """
    spans = _segments(sentence)
    here = next(place for place, (start, end) in enumerate(spans) if start <= mention.start < end)
    own = _nearest(sentence, spans[here], mention, mentions)
    if own:
        return own
    if here > 0:
        joined = _JOINED.search(sentence[spans[here - 1][1] : spans[here][0]])
        if joined or not _named(spans[here - 1], mentions):
            return _sides_in(sentence[slice(*spans[here - 1])])
    if here + 1 < len(spans) and not _named(spans[here + 1], mentions):
        return _sides_in(sentence[slice(*spans[here + 1])])
    return set()


def _segments(sentence: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    start = 0
    for mark in _SEGMENT_END.finditer(sentence):
        spans.append((start, mark.start()))
        start = mark.end()
    return [*spans, (start, len(sentence))]


def _named(span: tuple[int, int], mentions: list[_Mention]) -> bool:
    return any(span[0] <= mention.start < span[1] for mention in mentions)


def _nearest(sentence: str, span: tuple[int, int], mention: _Mention, mentions: list[_Mention]) -> set[str]:
    start = max((other.end for other in mentions if other.end <= mention.start), default=0)
    stop = min((other.start for other in mentions if other.start >= mention.end), default=len(sentence))
    before = _sides_in(sentence[max(start, span[0]) : mention.start], last=True)
    return before or _sides_in(sentence[mention.start : min(stop, span[1])])


def _sides_in(text: str, *, last: bool = False) -> set[str]:
    pattern = _SIDES_ZH if has_han(text) else _SIDES
    found = [match.lastgroup for match in pattern.finditer(text)]
    if not found:
        return set()
    side = found[-1] if last else found[0]
    return {"left", "right"} if side == "both" else {str(side)}
