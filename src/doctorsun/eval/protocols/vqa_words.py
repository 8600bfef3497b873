"""Words of an answer as the VQA challenge cleans them; llava_med@1 and multimedeval@1 do so, each quirk included."""

import re

_MARKS = ';/[]"{}()=+\\_-><@`,?!'
_THOUSANDS = re.compile(r"\d,\d")
_LONE_POINT = re.compile(r"\.(?!\d)")
_MOST_POINTS = 32  # a flag of ``re`` went where the greatest number of replacements belongs
_NUMBERS = {"none": "0"} | {
    word: str(number)
    for number, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    )
}
_ARTICLES = frozenset({"a", "an", "the"})


def _mended(contractions: str) -> dict[str, str]:
    """Return each contraction under what is left of it where one of its apostrophes is missing."""
    return {
        word[:place] + word[place + 1 :]: word
        for word in contractions.split()
        for place, char in enumerate(word)
        if char == "'"
    }


# One stands the wrong way round in the published table.
_MENDED = {"somebody'd": "somebodyd"} | _mended(
    "ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't "
    "haven't he'd he'd've he's how'd how'll how's isn't it'd it'd've it'll ma'am mightn't mightn't've "
    "might've mustn't must've needn't not've o'clock oughtn't 'ow's'at shan't she'd've should've "
    "shouldn't shouldn't've somebody'd've somebody'll somebody's someone'd someone'd've someone'll "
    "someone's something'd something'd've something'll that's there'd there'd've there're there's they'd "
    "they'd've they'll they're they've 'twas wasn't we'd've we've weren't what'll what're what's what've "
    "when's where'd where's where've who'd who'd've who'll who's who've why'll why're why's won't "
    "would've wouldn't wouldn't've y'all y'all'll y'all'd've you'd you'd've you'll you're you've"
)


def vqa_words(text: str) -> list[str]:
    """Return the words of a text: lower case, number words as digits, without marks, articles and lone points.

    A mark leaves a gap, except where a blank stands beside one of its kind anywhere in the text or the text has a
    number with a comma: then it leaves none. Points go only up to the 32nd.
    """
    lowered = text.lower()
    joined = bool(_THOUSANDS.search(lowered))
    gone = {mark: "" if joined or f"{mark} " in lowered or f" {mark}" in lowered else " " for mark in _MARKS}
    unmarked = _LONE_POINT.sub("", lowered.translate(str.maketrans(gone)), count=_MOST_POINTS)
    words = (_NUMBERS.get(word, word) for word in unmarked.split())
    return [_MENDED.get(word, word) for word in words if word not in _ARTICLES]
