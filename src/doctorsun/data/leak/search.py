"""The search: traces of training samples against the questions of a test, by every layer of evidence."""

from collections.abc import Sequence
from dataclasses import replace

from doctorsun.data.leak.contact import Contact, Rows, TextContact
from doctorsun.data.leak.image_search import ImageSearch
from doctorsun.data.leak.tested import Tested
from doctorsun.data.leak.text_search import TextSearch
from doctorsun.data.leak.trace import Trace


class LeakSearch:
    """Finds a test's images and questions among traces of training samples, which come in any number of parts.

    Args:
        tested: the questions.
    """

    def __init__(self, tested: Tested) -> None:
        self.tested = tested
        self._images = ImageSearch(tested)
        self._texts = TextSearch(tested)

    def look_through(self, traces: Sequence[Trace], rows: Rows) -> list[Contact]:
        """Return what each of these training samples has in common with the test; nothing of those without.

        Args:
            traces: of the samples.
            rows: reads the samples again, by their places in ``traces``; asked only where fingerprints are near or
                runs of words seem equal, for a second look.
        """
        shown = self._images.look_through(traces, rows)
        said = self._texts.look_through(traces, rows)
        found: list[Contact] = []
        for place in sorted(shown.keys() | said.keys()):
            trace = traces[place]
            texts = self._placed(said.get(place, {}), trace)
            found.append(Contact(place, trace.id, _shown(trace), shown.get(place, {}), texts))
        return found

    def _placed(self, said: dict[int, TextContact], trace: Trace) -> dict[int, TextContact]:
        """Mark the questions that the sample asks about another image than the test does."""
        return {
            text: replace(each, is_of_another_image=self._is_of_another_image(text, trace))
            for text, each in said.items()
        }

    def _is_of_another_image(self, text: int, trace: Trace) -> bool:
        images = self.tested.questions[self.tested.texts[text].questions[0]].images
        return bool(images and trace.images) and all(
            self._images.is_other(image, trace, number) for image in images for number in range(len(trace.images))
        )


def _shown(trace: Trace) -> str:
    return (trace.images[0] or "/".join(trace.origins[0]) or trace.id) if trace.images else ""
