"""Which images are of one study: they are never compared."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from doctorsun.data.curate.shown_images import Numbers, ShownImages
from doctorsun.data.curate.sketches import Sketches


@dataclass(frozen=True, slots=True)
class Studies:
    """The studies and patients that show each image."""

    _studies: "_Holders"
    _patients: "_Holders"

    @classmethod
    def of(cls, sketches: Sketches, shown: ShownImages) -> Self:
        """Return those of the samples that show images."""
        return cls(*(_Holders.of(sketches.codes(name), shown) for name in ("study", "patient")))

    def hold_both(self, ones: Numbers, others: Numbers) -> NDArray[np.bool_]:
        """Say for pairs of images whether samples show them in one study, or in one patient where no study is known."""
        studies, patients = self._studies, self._patients
        has_both = (studies.count(ones) > 0) & (studies.count(others) > 0)
        return studies.hold_both(ones, others) | (patients.hold_both(ones, others) & ~has_both)


@dataclass(frozen=True, slots=True)
class _Holders:
    """The studies, or the patients, that show each image: sorted numbers, image times ``num_holders`` plus holder."""

    pairs: Numbers
    num_holders: int

    @classmethod
    def of(cls, holders: Numbers, shown: ShownImages) -> Self:
        num_holders = int(holders.max(initial=0)) + 1
        own = holders[shown.rows]
        return cls(np.unique(shown.images[own >= 0] * num_holders + own[own >= 0]), num_holders)

    def count(self, images: Numbers) -> Numbers:
        return self._start(images + 1) - self._start(images)

    def hold_both(self, ones: Numbers, others: Numbers) -> NDArray[np.bool_]:
        found = np.zeros(len(ones), dtype=np.bool_)
        start, count, number = self._start(ones), self.count(ones), 0
        active = np.flatnonzero(count)
        while len(active):
            sought = others[active] * self.num_holders + self.pairs[start[active] + number] % self.num_holders
            at = np.minimum(np.searchsorted(self.pairs, sought), len(self.pairs) - 1)
            found[active] |= self.pairs[at] == sought
            number += 1
            active = active[count[active] > number]
        return found

    def _start(self, images: Numbers) -> Numbers:
        return np.searchsorted(self.pairs, images * self.num_holders)
