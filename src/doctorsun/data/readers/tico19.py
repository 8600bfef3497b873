"""Reader of TICO-19's English and Chinese: sentences on COVID-19, and two terminologies.

Anastasopoulos et al. 2020, "TICO-19: the Translation Initiative for COvid-19", arXiv 2007.01788,
https://tico-19.github.io, CC0-1.0. The terminologies come from Facebook (``f_``) and Google (``g_``), in simplified
(zh-CN) and traditional characters (zh-TW); Google's entries hold several forms with `` : `` between them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.item import Dropped, Item
from doctorsun.data.readers.origin import Origin, origin_of
from doctorsun.data.readers.parallel import Pair, pairs_of, translations
from doctorsun.data.readers.source_files import SourceFile, source_files

_SENTENCES = "en-zh.tmx"
_TERMS = ("en-zh_cn.csv", "en-zh_tw.csv", "en_zh-cn.csv", "en_zh-tw.csv", "zh-cn_en.csv")
_BETWEEN_FORMS = re.compile(r"\s+:(?:\s+|$)")


@dataclass(frozen=True)
class Tico19Reader:
    """The opened files."""

    files: tuple[SourceFile, ...]
    origin: Origin

    def pending(self) -> Iterator[tuple[Pair | Dropped, bool]]:
        """Yield the pairs, each with whether it is a term."""
        for file in self.files:
            is_term = not file.name.endswith(_SENTENCES)
            for pair in pairs_of(file):
                if isinstance(pair, Dropped):
                    yield pair, is_term
                else:
                    yield (_term(pair) if is_term else _sentence(pair)), is_term

    def make(self, pending: tuple[Pair | Dropped, bool]) -> Item:
        """Make the translations of a pair."""
        pair, is_term = pending
        return pair if isinstance(pair, Dropped) else translations(pair, self.origin, is_term=is_term)


def open_tico19(section: ImportSource) -> Tico19Reader:
    """Open the files that hold Chinese.

    Raises:
        DataError: there is none.
    """
    origin = origin_of(section, "tico19", url="https://tico-19.github.io", licence="CC0-1.0")
    return Tico19Reader(source_files(section.path, (_SENTENCES, *_TERMS)), origin)


def _sentence(pair: Pair) -> Pair:
    """Add the document, which the unit's identifier names: ``CMU_1:25``."""
    return replace(pair, document=pair.id.rpartition("#")[2].partition(":")[0])


def _term(pair: Pair) -> Pair:
    forms = (form for text in pair.zh for form in _BETWEEN_FORMS.split(text) if form)
    return replace(pair, zh=tuple(dict.fromkeys(forms)))
