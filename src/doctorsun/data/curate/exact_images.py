"""Step: samples that show the same image, by its file or its pixels, and say the same."""

from doctorsun.data.curate.preference import Preference
from doctorsun.data.curate.runs import rows_alike
from doctorsun.data.curate.shown_images import Numbers, ShownImages
from doctorsun.data.curate.sketches import Sketches


def exact_images(sketches: Sketches, among: Numbers, *, shown: ShownImages, preference: Preference) -> dict[int, int]:
    """Return which rows go, each with the one that stays: of all that show and say the same, the best.

    The same image with another question stays; it shares its group.

    Args:
        sketches: of all samples.
        among: the rows that count.
        shown: the images of all samples.
        preference: among all samples.
    """
    shows = shown.signatures()
    gone: dict[int, int] = {}
    for rows in rows_alike(shows, sketches.codes("text_sha256"), among=among[shows[among] != 0]):
        gone |= preference.yielding(rows)
    return gone
