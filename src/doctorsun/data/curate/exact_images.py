"""Step: samples that show the same image, by its file or its pixels, and say the same."""

import numpy as np

from doctorsun.data.curate.candidate import Rejected
from doctorsun.data.curate.runs import rows_alike
from doctorsun.data.curate.shown_images import Numbers, ShownImages
from doctorsun.data.curate.sketch import Sketches

REASON = "exact_duplicate"


def exact_images(sketches: Sketches, *, shown: ShownImages, ranks: Numbers) -> dict[int, Rejected]:
    """Return which samples go: of all that show the same images and say the same words, the best one stays.

    The same image with another question stays; it shares its group.
    """
    shows, texts = shown.signatures(), sketches.codes("text_sha256")
    ids, places = sketches.table["id"], sketches.places
    gone: dict[int, Rejected] = {}
    for rows in rows_alike(shows, texts, among=np.flatnonzero(shows)):
        best = rows[ranks[rows].argmin()]
        why = Rejected(REASON, f"the images and words of {ids[int(best)]}")
        gone |= dict.fromkeys(places[rows[rows != best]].tolist(), why)
    return gone
