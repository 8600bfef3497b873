"""Reader of PubMedQA: yes, no or maybe to the question of an article, from its abstract without the conclusion.

Jin et al., EMNLP 2019, arXiv 1909.06146, https://github.com/pubmedqa/pubmedqa, MIT. ``ori_pqal.json`` holds the
articles that experts labelled; those that ``test_ground_truth.json`` names are the test set. ``ori_pqaa.json`` was
labelled by rules; ``ori_pqau.json`` has no labels. The conclusion (LONG_ANSWER) becomes the explanation.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.exam import ExamQuestion, exam_item
from doctorsun.data.readers.fields import words
from doctorsun.data.readers.item import Dropped, Item
from doctorsun.data.readers.json_stream import stream_named_records
from doctorsun.data.readers.layout import LAYOUT, all_of, fitting
from doctorsun.data.readers.origin import Origin, origin_of
from doctorsun.data.readers.record_reader import RawRecord
from doctorsun.data.readers.source_files import SourceFile, source_files
from doctorsun.errors import DataError
from doctorsun.schema import Groups

_FILES = ("ori_pqal.json", "ori_pqaa.json", "ori_pqau.json")
_LABELLED = "ori_pqal.json"
_TRUTH = "test_ground_truth.json"
_LAYOUT = all_of("QUESTION", "CONTEXTS", "LONG_ANSWER")
_OPTIONS = [("A", "yes"), ("B", "no"), ("C", "maybe")]
_LETTERS = {text: letter for letter, text in _OPTIONS}


@dataclass(frozen=True)
class PubmedqaReader:
    """The opened files; ``test`` names the articles of the test set."""

    files: tuple[SourceFile, ...]
    origin: Origin
    test: frozenset[str]

    def pending(self) -> Iterator[RawRecord | Dropped]:
        """Yield the articles.

        Raises:
            DataError: a file is damaged, or holds no article.
        """
        for file in self.files:
            yield from fitting(_article(pmid, file.path, value) for pmid, value in stream_named_records(file.path))

    def make(self, pending: RawRecord | Dropped) -> Item:
        """Make the sample of an article."""
        if isinstance(pending, Dropped):
            return pending
        fields = pending.fields
        asked = ExamQuestion(
            text=f"Abstract:\n{_abstract(fields)}\n\nQuestion: {words(fields['QUESTION'])}",
            options=_OPTIONS,
            right=_LETTERS.get(words(fields.get("final_decision")), ""),
            explanation=words(fields["LONG_ANSWER"]),
        )
        split = "test" if pending.id in self.test else "train"
        item = exam_item(asked, pending.id, self.origin, split=split, task="literature")
        if isinstance(item, Dropped):
            return item
        facts = json.dumps({"mesh": fields.get("MESHES", []), "year": fields.get("YEAR")}, ensure_ascii=False)
        return tuple(replace(sample, groups=Groups(article=f"PMID{pending.id}"), facts=facts) for sample in item)


def open_pubmedqa(section: ImportSource) -> PubmedqaReader:
    """Open PubMedQA's folder, or one of its files.

    Raises:
        DataError: there is no file of it, or the list of the test set is not beside ``ori_pqal.json``.
    """
    files = source_files(section.path, _FILES)
    origin = origin_of(section, "pubmedqa", url="https://github.com/pubmedqa/pubmedqa", licence="MIT")
    labelled = (file for file in files if file.path.name == _LABELLED)
    return PubmedqaReader(files, origin, frozenset(pmid for file in labelled for pmid in _test_set(file.path)))


def _article(pmid: str, path: Path, value: Any) -> RawRecord | Dropped:
    place = f"{path}, '{pmid}'"
    fault = _LAYOUT.fault(value) or _sections_fault(value["CONTEXTS"])
    return Dropped(pmid, LAYOUT, f"{place}: {fault}") if fault else RawRecord(pmid, place, value)


def _sections_fault(contexts: Any) -> str:
    return "" if isinstance(contexts, list) else f"CONTEXTS: got {type(contexts).__name__}, expected a list of texts"


def _test_set(labelled: Path) -> Mapping[str, Any]:
    path = labelled.with_name(_TRUTH)
    try:
        truth: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        do = "put it beside the articles: without it, the test set would be trained on"
        raise DataError(f"{path}", got=str(error), expected="PubMedQA's list of the test set", do=do) from error
    if not isinstance(truth, dict):
        raise DataError(f"{path}", got=type(truth).__name__, expected="an object of answers by PubMed id")
    return truth


def _abstract(fields: Mapping[str, Any]) -> str:
    """Return the sections of an abstract, each with its heading where the article has them."""
    texts = [words(text) for text in fields["CONTEXTS"]]
    headings = fields.get("LABELS")
    if not isinstance(headings, list) or len(headings) != len(texts):
        return "\n".join(texts)
    return "\n".join(f"{words(heading)}: {text}" for heading, text in zip(headings, texts, strict=True))
