"""Leakage: which questions and images of a test stand in the model's own training data; a join, not a guess."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from doctorsun.eval.prior import question_of
from doctorsun.eval.training_trace import Trace, form_digests, text_digest, traces_of
from doctorsun.image.fingerprint import is_same_picture, near_pairs, small_grey
from doctorsun.schema import Sample

Contact = Literal["clean", "near", "exact"]
ImageOf = Callable[[int, int], bytes | None]
Progress = Callable[[int], None]

_RANK: dict[Contact, int] = {"clean": 0, "near": 1, "exact": 2}
_MOST_WITNESSES = 3
_MOST_LOOKS = 4


@dataclass(slots=True)
class QuestionLeak:
    """What training shows of one question.

    Attributes:
        image: exact: a file of the same bytes; near: the same picture in another file; clean: neither, or no image.
        question: exact: the same words; near: the same after normalisation, or as a line of a longer text.
        is_pair: one training sample shows the image and asks the question, in either degree.
        witnesses: ids of such training samples, some of them.
    """

    id: str
    has_image: bool
    image: Contact = "clean"
    question: Contact = "clean"
    is_pair: bool = False
    witnesses: list[str] = field(default_factory=list[str])

    @property
    def marks(self) -> dict[str, str]:
        """The slices of scores that the question falls into."""
        clean = self.image == self.question == "clean"
        marks = {"leakage": "clean" if clean else "seen", "question_leakage": self.question}
        return marks | ({"image_leakage": self.image} if self.has_image else {})


class LeakSearch:
    """Finds the questions of one task among traces of training samples, which come in any number of parts.

    Args:
        samples: the questions, with the bytes of their images.
    """

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.leaks = {sample.id: QuestionLeak(sample.id, bool(sample.images)) for sample in samples}
        self._texts: dict[bytes, list[str]] = defaultdict(list)
        self._forms: dict[bytes, list[str]] = defaultdict(list)
        self._images: dict[str, list[str]] = defaultdict(list)
        self._bytes: dict[str, bytes] = {}
        self._prints: dict[str, bytes] = {}
        for sample, trace in zip(samples, traces_of(samples), strict=True):
            question = question_of(sample)
            self._texts[text_digest(question)].append(sample.id)
            for digest in form_digests(question):
                self._forms[digest].append(sample.id)
            for image, print_ in zip(sample.images, trace.fingerprints, strict=True):
                if image.sha256:  # one that is only named has none
                    self._images[image.sha256].append(sample.id)
                if print_ and image.bytes is not None:
                    self._bytes[image.sha256], self._prints[image.sha256] = image.bytes, print_
        self._small: dict[str, NDArray[np.float32]] = {}

    def look_through(self, traces: Sequence[Trace], image_of: ImageOf) -> None:
        """Compare the questions with a part of the training samples.

        Args:
            traces: of the samples.
            image_of: gives the bytes of an image by the places of its sample in ``traces`` and of itself in the
                sample; asked only where fingerprints are near, for a second look.
        """
        near = self._near_images(traces, image_of)
        for place, trace in enumerate(traces):
            words: dict[str, Contact] = {}
            words |= {id_: "near" for digest in trace.forms for id_ in self._forms.get(digest, ())}
            words |= {id_: "exact" for digest in trace.texts for id_ in self._texts.get(digest, ())}
            shown: dict[str, Contact] = {}
            shown |= {id_: "near" for sha256 in near.get(place, ()) for id_ in self._images[sha256]}
            shown |= {id_: "exact" for sha256 in trace.images for id_ in self._images.get(sha256, ())}
            for id_ in words.keys() | shown.keys():
                self._note(self.leaks[id_], trace.id, shown.get(id_, "clean"), words.get(id_, "clean"))

    def _note(self, leak: QuestionLeak, witness: str, image: Contact, question: Contact) -> None:
        leak.image = max(leak.image, image, key=_RANK.__getitem__)
        leak.question = max(leak.question, question, key=_RANK.__getitem__)
        is_pair = "clean" not in (image, question)
        if is_pair and not leak.is_pair:
            leak.witnesses.clear()  # a sample that gives both away tells more than those that give one
        leak.is_pair |= is_pair
        if len(leak.witnesses) < _MOST_WITNESSES and is_pair == leak.is_pair:
            leak.witnesses.append(witness)

    def _near_images(self, traces: Sequence[Trace], image_of: ImageOf) -> dict[int, list[str]]:
        """Return for the places of traces the test images that they show in another file, checked by pixels."""
        places: dict[tuple[str, bytes], list[tuple[int, int]]] = defaultdict(list)
        for place, trace in enumerate(traces):
            for number, (sha256, print_) in enumerate(zip(trace.images, trace.fingerprints, strict=True)):
                if print_:
                    places[sha256, print_].append((place, number))
        mine, theirs = list(self._prints), list(places)
        found: dict[int, list[str]] = defaultdict(list)
        looks: Counter[str] = Counter()
        for row, column in near_pairs([self._prints[sha256] for sha256 in mine], [key[1] for key in theirs]):
            sha256, holders = mine[row], places[theirs[column]]
            if theirs[column][0] == sha256 or looks[sha256] >= _MOST_LOOKS:
                continue
            looks[sha256] += 1
            data = image_of(*holders[0])
            if data is not None and is_same_picture(self._small_of(sha256), small_grey(data)):
                for place, _ in holders:
                    found[place].append(sha256)
        return found

    def _small_of(self, sha256: str) -> NDArray[np.float32]:
        if sha256 not in self._small:
            self._small[sha256] = small_grey(self._bytes[sha256])
        return self._small[sha256]


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
        "images": {contact: images[contact] for contact in _RANK},
        "questions": {contact: questions[contact] for contact in _RANK},
        "seen": [asdict(leak) for leak in seen],
    }
