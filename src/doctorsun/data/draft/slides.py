"""Layout of whole slides, which their suffixes tell; a folder per class gives the labels."""

from doctorsun.data.draft.layout import Layout
from doctorsun.data.draft.pictures import splits_of
from doctorsun.data.draft.survey import Survey, commonest_depth, pattern_with_classes

_SUFFIXES = (".svs", ".ndpi", ".scn", ".mrxs", ".bif", ".vms", ".vmu", ".svslide")
"""Of the formats of OpenSlide, those that nothing else has: https://openslide.org/formats."""


def slides(found: Survey) -> Layout | None:
    """Guess slides, in a folder per class where there are folders of several."""
    names = found.with_suffix(*_SUFFIXES)
    if not names:
        return None
    names = commonest_depth(names)
    pattern, labels = pattern_with_classes(names)
    return Layout(
        task="classification",
        reader={"kind": "slides", "images": pattern} | ({"label": "{label}"} if labels else {}) | {"mpp": 0.5},
        labels=labels,
        splits=splits_of(names, pattern),
        told={"modality": "histology", "department": "pathology", "patient": "{slide}"},
        remarks=["the split is by slide: name the patient, where the paths tell"],
    )
