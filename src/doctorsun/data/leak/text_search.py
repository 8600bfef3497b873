"""The search for a test's questions: word for word, in another form, and by runs of words."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from doctorsun.data.leak.contact import Rows, TextContact, TextDegree
from doctorsun.data.leak.tested import Tested
from doctorsun.data.leak.trace import Trace
from doctorsun.text.grams import gram_hashes

LEAST_SHARE = 0.3
"""A text repeats a question when it holds at least this share of the question's runs of 13 words or characters.

Among six real examinations and 63,000 texts of other sets, pairs that share less than 0.2 merely list the same options
or begin like the same kind of case; pairs from 0.3 on are one question in two wordings.
"""


class TextSearch:
    """Finds a test's questions among traces of training samples.

    Args:
        tested: the test.
    """

    def __init__(self, tested: Tested) -> None:
        self.tested = tested

    def look_through(self, traces: Sequence[Trace], rows: Rows) -> dict[int, dict[int, TextContact]]:
        """Return by the place of a sample which questions it says, by the numbers of their texts in `Tested`."""
        found: dict[int, dict[int, TextContact]] = defaultdict(dict)
        for place, text, share in self._repeated(traces, rows):
            found[place][text] = TextContact("grams", share)
        for place, trace in enumerate(traces):
            for degree, texts in self._worded(trace):
                for text in texts:
                    before = found[place].get(text) if place in found else None
                    found[place][text] = TextContact(degree, before.share if before else None)
        return found

    def _worded(self, trace: Trace) -> Iterator[tuple[TextDegree, Sequence[int]]]:
        tested = self.tested
        for digest in trace.forms:
            yield "form", tested.by_form.get(digest, ())
        for digest in trace.texts:
            yield "exact", [tested.by_digest[digest]] if digest in tested.by_digest else ()

    def _repeated(self, traces: Sequence[Trace], rows: Rows) -> Iterator[tuple[int, int, float]]:
        """Yield place, text of the test and share of its runs of words that the sample holds."""
        halves = np.frombuffer(b"".join(trace.grams for trace in traces), dtype="<u4")
        ends = np.cumsum([len(trace.grams) // 4 for trace in traces])
        places, texts = self.tested.by_gram.candidates(halves)
        pairs, num_equal = np.unique(
            np.stack([np.searchsorted(ends, places, "right"), texts]), axis=1, return_counts=True
        )
        for (place, text), num in zip(pairs.T.tolist(), num_equal.tolist(), strict=True):
            grams = self.tested.texts[text].grams
            if num < LEAST_SHARE * len(grams):
                continue
            share = float(np.isin(grams, gram_hashes(rows.words(place))).mean())
            if share >= LEAST_SHARE:  # halves of hashes are equal by chance now and then
                yield place, text, share
