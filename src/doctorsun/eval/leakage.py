"""Leakage: which questions and images of a test stand in the model's own training data; a join, not a guess."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from doctorsun.data.leak.contact import Contact, ImageContact, Rows, TextContact
from doctorsun.data.leak.search import LeakSearch
from doctorsun.data.leak.tested import Tested
from doctorsun.data.leak.trace import Trace
from doctorsun.schema import Sample

Degree = Literal["clean", "near", "exact"]

_RANK: dict[Degree, int] = {"clean": 0, "near": 1, "exact": 2}
_MOST_WITNESSES = 3


@dataclass(slots=True)
class QuestionLeak:
    """What training shows of one question.

    Attributes:
        image: exact: a file of the same bytes, or the same image of the same data set; near: the same picture in
            another file; clean: neither, or no image.
        question: exact: the same words; near: the same after normalisation, as a line of a longer text, or much of it.
        is_pair: one training sample shows the image and asks the question, in either degree.
        witnesses: ids of such training samples, some of them.
    """

    id: str
    has_image: bool
    image: Degree = "clean"
    question: Degree = "clean"
    is_pair: bool = False
    witnesses: list[str] = field(default_factory=list[str])

    @property
    def marks(self) -> dict[str, str]:
        """The slices of scores that the question falls into."""
        clean = self.image == self.question == "clean"
        marks = {"leakage": "clean" if clean else "seen", "question_leakage": self.question}
        return marks | ({"image_leakage": self.image} if self.has_image else {})

    def note(self, witness: str, image: Degree, question: Degree) -> None:
        """Add what one training sample shows of the question."""
        self.image = max(self.image, image, key=_RANK.__getitem__)
        self.question = max(self.question, question, key=_RANK.__getitem__)
        is_pair = "clean" not in (image, question)
        if is_pair and not self.is_pair:
            self.witnesses.clear()  # a sample that gives both away tells more than those that give one
        self.is_pair |= is_pair
        if len(self.witnesses) < _MOST_WITNESSES and is_pair == self.is_pair:
            self.witnesses.append(witness)


class LeakNotes:
    """Notes for every question of a task what training shows of it; training comes in any number of parts.

    Args:
        samples: the questions, with the bytes of their images.
    """

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._search = LeakSearch(Tested("", samples))
        questions = self._search.tested.questions
        self.leaks = {each.id: QuestionLeak(each.id, bool(each.images)) for each in questions}

    def look_through(self, traces: Sequence[Trace], rows: Rows) -> None:
        """Compare the questions with a part of the training samples; arguments as of `LeakSearch.look_through`."""
        for contact in self._search.look_through(traces, rows):
            self._note(contact)

    def _note(self, contact: Contact) -> None:
        tested = self._search.tested
        shown: dict[int, Degree] = {}
        for image, seen in contact.images.items():
            for number in tested.images[image].questions:
                shown[number] = max(shown.get(number, "clean"), _of_image(seen), key=_RANK.__getitem__)
        said: dict[int, Degree] = {}
        for text, told in contact.texts.items():
            said |= dict.fromkeys(tested.texts[text].questions, _of_text(told))
        for number in shown.keys() | said.keys():
            leak = self.leaks[tested.questions[number].id]
            leak.note(contact.id, shown.get(number, "clean"), said.get(number, "clean"))


def leakage_facts(leaks: Iterable[QuestionLeak], stores: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the content of ``leakage.json``: how many questions are clean in which sense, and each that is not.

    Args:
        leaks: all questions.
        stores: name, SHA-256 and samples of each training store that was searched.
    """
    rows = list(leaks)
    seen = [leak for leak in rows if leak.marks["leakage"] == "seen"]
    images = Counter(leak.image for leak in rows if leak.has_image)
    questions = Counter(leak.question for leak in rows)
    return {
        "stores": list(stores),
        "num_questions": len(rows),
        "num_clean": len(rows) - len(seen),
        "num_pairs": sum(leak.is_pair for leak in rows),
        "images": {degree: images[degree] for degree in _RANK},
        "questions": {degree: questions[degree] for degree in _RANK},
        "seen": [asdict(leak) for leak in seen],
    }


def _of_image(contact: ImageContact) -> Degree:
    return "exact" if {"image_id", "file"} & set(contact.layers) else "near"


def _of_text(contact: TextContact) -> Degree:
    return "exact" if contact.degree == "exact" else "near"
