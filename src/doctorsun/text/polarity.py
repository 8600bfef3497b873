"""Yes or no: which of the two an answer says, in Chinese or English."""

import re
from dataclasses import dataclass
from typing import Literal

from doctorsun.text.normalize import fold, plain_form, without_reasoning

Polarity = Literal["yes", "no"]

_EDGE = r"\s\"'`*_“”‘’「」【】\[\](){}<>#\-—.,:;。，、：；"
_LEADING_EDGE = re.compile(rf"^[{_EDGE}]+")
_CLAUSE_END = re.compile(r"[.,;:!?。，、；：！？/\n]|\s(?:and|or|but)\s|[或和也但]")
_SENTENCE_END = re.compile(r"[.;!?。]")  # of folded text, which has no full-width marks but the full stop
_ASKS = re.compile(r"\?\W*$")

_NUMBERED = re.compile(r"no\.\s?\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """The frozen words of one version of the yes-or-no rule.

    Attributes:
        yes_words: clauses that mean yes when nothing else stands in them.
        no_words: the same for no.
        yes_start: pattern of an opening that means yes whatever follows it.
        no_start: the same for no.
        takes_back_yes: pattern of a later no that makes an opening yes void.
        takes_back_no: pattern of a later yes that makes an opening no void.
        preface: pattern of what may stand before the answer, such as ``the answer is``.
    """

    yes_words: frozenset[str]
    no_words: frozenset[str]
    yes_start: re.Pattern[str]
    no_start: re.Pattern[str]
    takes_back_yes: re.Pattern[str]
    takes_back_no: re.Pattern[str]
    preface: re.Pattern[str]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LEXICON_1 = Lexicon(
    yes_words=_words(
        "yes yeah yep true correct affirmative positive present "
        "是 是的 有 有的 存在 可见 对 对的 正确 包含 包括 可以 能 会 是有 确实 没错 阳性 肯定"
    ),
    no_words=_words(
        "no nope false incorrect absent negative "
        "否 不 不是 不是的 没有 没有的 没 无 未见 不存在 不可见 不对 不正确 错 错误 错的 阴性 "
        "不包含 不包括 不可以 不能 不会"
    ),
    yes_start=re.compile(
        r"(?:yes|yeah|yep)(?![\w-])"
        r"|是的|有(?!无|没有|时|可能|待|限|关|疑|机|创|丝|序)|存在(?!争议|疑|可能|与否)|可见(?!光|性|度|与否)"
        r"|包含(?!与否)|包括(?!与否)|可以(?!排除|除外|考虑)|能(?:看到|看见|见到)"
    ),
    no_start=re.compile(
        r"(?:no|nope)(?![\w-]|\.?\s*\d|\s+(?:idea|doubt|answer|image|picture|comment|question|way|information)\b)"
        r"|not\s+(?:seen|present|visible|visualized|visualised|identified|detected|evident|demonstrated|found|observed)\b"
        r"|不是(?!很|太|特别|十分|非常|不)|(?:并|都|也)?没有(?!问题|关系|办法|疑问|错|把握|足够|图)"
        r"|并?无(?!法|从|关|意义|所谓|菌|创|论|疑|误|需)|并?未(?:见|发现|看到|观察到|检出|提示|显示|出现|探及)"
        r"|不存在|不包含|不包括|不可以|不可见|并非|并不是|没(?:见|看到|看见|发现)"
    ),
    takes_back_yes=re.compile(r"\bno\W*(?:$|yes\b|no\b)|(?:不是的?|没有的?|否)\s*(?:$|[.,;。、]|是的)"),
    takes_back_no=re.compile(r"\byes\b|(?<!不)是的"),
    preface=re.compile(
        r"(?:(?:so|thus|therefore|hence|overall|in conclusion)\b,?\s*|(?:所以|因此|综上|故),?\s*)?"
        r"(?:(?:the |my |final |short )*answer(?: to (?:the|this) question)?(?: is)?\s*[:,]?\s*"
        r"|(?:最终|正确)?(?:答案|回答|答)\s*(?:是|为)?\s*[:,]\s*|(?:最终|正确)?答案(?:是|为)|(?:确实|的确|明确)(?=\w))?"
    ),
)


def polarity(text: str, lexicon: Lexicon = LEXICON_1) -> Polarity | None:
    """Return what an answer says, or None where it says neither or both.

    The answer must open with the word for yes or no, or consist of nothing else; ``normal`` is not ``no``,
    ``not normal``, ``unknown`` and ``无法判断`` are neither, and ``yes and no`` is both. Where the opening says
    neither, the answer may state its evidence first: its last sentence counts where that is a bare word for yes or
    no, as in ``liver lesion (-). No.``, and where nothing before it says the opposite.
    """
    one_line = without_reasoning(text).replace("\n", "; ")
    visible = _after_preface(_LEADING_EDGE.sub("", fold(one_line)), lexicon)
    clauses = [_LEADING_EDGE.sub("", clause) for clause in _CLAUSE_END.split(visible)]
    clauses = [clause for clause in clauses if clause.strip()]
    if not clauses:
        return None
    said = _opening(visible, clauses[0], lexicon) or _closing(visible, lexicon)
    bare = {bare_polarity(clause, lexicon) for clause in clauses} - {None}
    if said is None or bare - {said}:
        return None
    taken_back = lexicon.takes_back_yes if said == "yes" else lexicon.takes_back_no
    return None if taken_back.search(visible) else said


def bare_polarity(text: str, lexicon: Lexicon = LEXICON_1) -> Polarity | None:
    """Return yes or no where the text is that word and nothing else, in either language."""
    word = plain_form(text)
    if word in lexicon.yes_words:
        return "yes"
    return "no" if word in lexicon.no_words else None


def _after_preface(visible: str, lexicon: Lexicon) -> str:
    preface = lexicon.preface.match(visible)
    return _LEADING_EDGE.sub("", visible[preface.end() :]) if preface else visible


def _opening(visible: str, first_clause: str, lexicon: Lexicon) -> Polarity | None:
    bare = bare_polarity(first_clause, lexicon)
    if bare:
        # A numbered thing ("No. 3") has the bare word as its first clause and still says neither.
        return None if bare == "no" and _NUMBERED.match(visible) else bare
    if lexicon.no_start.match(visible):
        return "no"
    return "yes" if lexicon.yes_start.match(visible) else None


def _closing(visible: str, lexicon: Lexicon) -> Polarity | None:
    """Return what the last sentence says, where it is a verdict on others that do not say the opposite."""
    sentences = [_LEADING_EDGE.sub("", sentence) for sentence in _SENTENCE_END.split(visible)]
    *evidence, verdict = [sentence for sentence in sentences if sentence.strip()]
    said = bare_polarity(_after_preface(verdict, lexicon), lexicon)
    stated = {_opening(sentence, sentence, lexicon) for sentence in evidence} - {None}
    return None if _ASKS.search(visible) or stated - {said} else said
