"""What a search found: the facts of each test by layer, and every leak as a row of plain values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from doctorsun.data.leak.tested import Tested
from doctorsun.data.leak.verdict import LAYERS, Layer, Leak
from doctorsun.schema import Sample
from doctorsun.storage.store import Store


@dataclass(frozen=True, slots=True)
class LeakedTest:
    """A test and its leaks into one store, by the order of the store's samples."""

    tested: Tested
    leaks: Sequence[Leak]

    def facts(self) -> dict[str, Any]:
        """Return how much of the test leaks, in all and by each layer; ``first`` counts what no stronger layer has."""
        leaks, num_questions = self.leaks, len(self.tested.questions)
        leaked = {leak.question for leak in leaks}
        return {
            "task": self.tested.name,
            "num_questions": num_questions,
            "num_clean": num_questions - len(leaked),
            "num_leaked": len(leaked),
            "num_images": len(self.tested.images),
            "num_leaked_images": len(_images(leaks)),
            "num_pairs": len({leak.question for leak in leaks if leak.words and leak.number is not None}),
            "num_rows": len({leak.row for leak in leaks}),
            "layers": [self._layer(layer) for layer in LAYERS],
        }

    def _layer(self, layer: Layer) -> dict[str, Any]:
        found = [leak for leak in self.leaks if layer in leak.layers]
        stronger = set(LAYERS[: LAYERS.index(layer)])
        before = {leak.question for leak in self.leaks if stronger & set(leak.layers)}
        questions = {leak.question for leak in found}
        return {
            "layer": layer,
            "questions": len(questions),
            "first": len(questions - before),
            "images": len(_images(found)),
            "rows": len({leak.row for leak in found}),
        }


@dataclass(frozen=True, slots=True)
class FoundLeaks:
    """What a store gives away of tests.

    Attributes:
        num_searched: samples of the store that one may learn from; those marked ``test`` beside other splits are not.
    """

    store: Store
    num_searched: int
    tests: Sequence[LeakedTest]

    def facts(self) -> dict[str, Any]:
        """Return the content of ``leaks.json``."""
        manifest = self.store.manifest
        store = {"name": manifest.name, "sha256": self.store.sha256, "num_samples": len(self.store)}
        return {
            "store": store | {"num_searched": self.num_searched},
            "tests": [test.facts() for test in self.tests],
        }

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the lines of ``leaks.jsonl``: one for each sample of the store and question that it gives away."""
        for test in self.tests:
            for leak in test.leaks:
                yield leak_row(test.tested, leak, self.store.without_bytes(leak.row))


def leak_row(tested: Tested, leak: Leak, sample: Sample) -> dict[str, Any]:
    """Return a leak as plain values.

    Args:
        tested: the test.
        leak: one of its leaks.
        sample: that gives it away.
    """
    question = tested.questions[leak.question]
    return {
        "task": tested.name,
        "question_id": question.id,
        "question": tested.texts[question.text].words,
        "row": leak.row,
        "sample_id": sample.id,
        "dataset": sample.source.dataset,
        "split": sample.source.split,
        "layer": leak.layer,
        "layers": list(leak.layers),
        "bits": leak.bits,
        "words": leak.words,
        "share": None if leak.share is None else round(leak.share, 4),
        "test_image": None if leak.tested_image is None else tested.images[leak.tested_image].name,
        "image": None if leak.number is None else sample.images[leak.number].path,
    }


def _images(leaks: Sequence[Leak]) -> set[int]:
    return {leak.tested_image for leak in leaks if leak.tested_image is not None}
