"""Reader of parallel English and Chinese texts: TMX files, tables with a column for each, and aligned text files.

A table has the columns ``en`` and ``zh``, or sourceLang, targetLang, sourceString and targetString. Aligned files are
called ``name.en`` and ``name.zh`` and have a text per line. Each pair becomes two samples, a translation either way;
the second is the first one's variant.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.encoding import open_text
from doctorsun.data.readers.fields import find, words
from doctorsun.data.readers.item import Dropped, Item
from doctorsun.data.readers.layout import LAYOUT, Layout, fitting
from doctorsun.data.readers.origin import Origin, origin_of
from doctorsun.data.readers.record_reader import RawRecord, raw_records
from doctorsun.data.readers.source_files import SourceFile, source_files
from doctorsun.data.readers.tables import SUFFIXES, table_values
from doctorsun.errors import DataError
from doctorsun.schema import Answer, Groups, Sample, Variant
from doctorsun.text.language import has_han, script_of

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_EN = ("en", "english", "英文")
_ZH = ("zh", "zh-cn", "zh_cn", "zh-hans", "zh-tw", "zh_tw", "zh-hant", "chinese", "中文")
_TRADITIONAL = ("zh-tw", "zh_tw", "zh-hant")
_NAMED = ("sourceLang", "targetLang", "sourceString", "targetString")
_LAYOUT = Layout(((_EN, _ZH), tuple((name,) for name in _NAMED)), any_case=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A text in both languages.

    Attributes:
        zh: every accepted form of a term; one text of a sentence.
        document: that it is from.
        traditional: the Chinese is in traditional characters.
    """

    id: str
    en: str
    zh: tuple[str, ...]
    document: str = ""
    traditional: bool = False


@dataclass(frozen=True)
class ParallelReader:
    """Opened parallel files."""

    files: tuple[SourceFile, ...]
    origin: Origin

    def pending(self) -> Iterator[Pair | Dropped]:
        """Yield the pairs.

        Raises:
            DataError: a file is damaged, or of other languages.
        """
        for file in self.files:
            yield from pairs_of(file)

    def make(self, pending: Pair | Dropped) -> Item:
        """Make the translations of a pair."""
        return pending if isinstance(pending, Dropped) else translations(pending, self.origin)


def open_parallel(section: ImportSource) -> ParallelReader:
    """Open parallel files.

    Raises:
        DataError: there is none.
    """
    return ParallelReader(source_files(section.path, (".tmx", ".en", *SUFFIXES)), origin_of(section, "parallel"))


def pairs_of(file: SourceFile) -> Iterator[Pair | Dropped]:
    """Yield the pairs of a file, those without one of the texts too; what is of other languages is dropped.

    Raises:
        DataError: the file is damaged, or all of it is of other languages.
    """
    match file.path.suffix.lower():
        case ".tmx":
            return fitting(_tmx_pairs(file))
        case ".en":
            return _aligned_pairs(file)
        case _:
            return fitting(map(_table_pair, raw_records(file, table_values(file.path), _LAYOUT)))


def translations(pair: Pair, origin: Origin, *, is_term: bool = False) -> Item:
    """Ask for both translations of a pair; those of a term can be scored.

    Args:
        pair: the texts.
        origin: of the samples.
        is_term: a word or phrase instead of a sentence.
    """
    zh = next(iter(pair.zh), "")
    if not pair.en or not zh:
        return Dropped(pair.id, "no_translation", f"en: {pair.en!r}, zh: {zh!r}")
    if not has_han(zh) or script_of(pair.en) == "zh":
        return Dropped(pair.id, "not_translated", f"en: {pair.en!r}, zh: {zh!r}")
    wanted = "Traditional Chinese" if pair.traditional else "Chinese"
    asked, asked_back = f"Translate into {wanted}:\n{pair.en}", f"请翻译成英文：\n{zh}"
    forth = origin.text_sample(pair.id, [("user", asked), ("assistant", zh)], part="en-zh")
    back = origin.text_sample(pair.id, [("user", asked_back), ("assistant", pair.en)], part="zh-en")
    back = replace(back, variant=Variant(of=forth.id, kind="translation"))
    task = "term" if is_term else "translation"
    both = (replace(forth, task=f"{task}:en-zh"), replace(back, task=f"{task}:zh-en"))
    golds = (pair.zh, (pair.en,)) if is_term else (None, None)
    return tuple(_with(sample, gold, pair) for sample, gold in zip(both, golds, strict=True))


def _with(sample: Sample, gold: tuple[str, ...] | None, pair: Pair) -> Sample:
    answer = Answer(kind="open", gold=gold) if gold else None
    return replace(sample, answer=answer, groups=Groups(article=pair.document))


def _tmx_pairs(file: SourceFile) -> Iterator[Pair | Dropped]:
    """Yield the units of a TMX 1.4 file (https://www.gala-global.org/tmx-14b); identifiers may be missing."""
    number = 0
    try:
        for _, element in iterparse(file.path, events=("end",)):
            if element.tag == "tu":
                number += 1
                texts = {
                    each.get(_LANG, each.get("lang", "")).lower(): "".join(each.find("seg").itertext()).strip()
                    for each in element.iter("tuv")
                    if each.find("seg") is not None
                }
                yield _pair(f"{file.name}#{element.get('tuid', number)}", texts, f"{file.path}, unit {number}")
                element.clear()
    except (ParseError, DefusedXmlException, OSError) as error:
        raise DataError(f"{file.path}", got=str(error), expected="a TMX file") from error
    if not number:
        raise DataError(f"{file.path}", got="no translation unit", expected="at least one")


def _aligned_pairs(file: SourceFile) -> Iterator[Pair]:
    other = next((path for name in _ZH if (path := file.path.with_suffix(f".{name}")).is_file()), None)
    if other is None:
        raise DataError(f"{file.path}", got="no file of the other language", expected=f"{file.path.stem}.zh beside it")
    lines, others = _lines(file.path), _lines(other)
    if len(lines) != len(others):
        raise DataError(f"{other}", got=f"{len(others)} lines", expected=f"{len(lines)}, as in {file.path.name}")
    traditional = other.suffix[1:].lower() in _TRADITIONAL
    for number, (en, zh) in enumerate(zip(lines, others, strict=True), start=1):
        yield Pair(id=f"{file.name}#{number}", en=en, zh=(zh,), traditional=traditional)


def _lines(path: Path) -> list[str]:
    with open_text(path) as file:
        return [line.strip() for line in file]


def _table_pair(raw: RawRecord | Dropped) -> Pair | Dropped:
    if isinstance(raw, Dropped):
        return raw
    fields: Mapping[str, Any] = raw.fields
    if all(name in fields for name in _NAMED):
        source, target = words(fields["sourceLang"]).lower(), words(fields["targetLang"]).lower()
        fields = {source: fields["sourceString"], target: fields["targetString"]}
    return _pair(raw.id, {name.lower(): words(value) for name, value in fields.items()}, raw.place)


def _pair(id_: str, texts: Mapping[str, str], place: str) -> Pair | Dropped:
    en, zh = find(texts, _EN), find(texts, _ZH)
    if en is None or zh is None:
        return Dropped(id_, LAYOUT, f"{place}: got the languages {', '.join(texts)}, expected en and zh")
    return Pair(id=id_, en=texts[en], zh=(texts[zh],), traditional=zh in _TRADITIONAL)
