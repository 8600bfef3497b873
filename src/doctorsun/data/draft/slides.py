"""Layout of whole slides, which their suffixes tell; a folder per class gives the labels."""

from doctorsun.data.draft.layout import Layout
from doctorsun.data.draft.pictures import splits_of
from doctorsun.data.draft.survey import MAX_CLASSES, Survey, commonest_depth, pattern_of

_SUFFIXES = (".svs", ".ndpi", ".scn", ".mrxs", ".bif", ".vms", ".vmu", ".svslide")
"""Of the formats of OpenSlide, those that nothing else has: https://openslide.org/formats."""


def slides(found: Survey) -> Layout | None:
    """Guess slides, in a folder per class where there are folders of several."""
    names = found.with_suffix(*_SUFFIXES)
    if not names:
        return None
    names = commonest_depth(names)
    pattern = pattern_of(names, ["{label}"])
    labels = sorted({name.split("/")[-2] for name in names}) if "{label}" in pattern else []
    if len(labels) > min(MAX_CLASSES, len(names) // 2):  # a folder for each slide
        pattern, labels = pattern.replace("{label}", "*"), []
    return Layout(
        task="classification",
        reader={"kind": "slides", "images": pattern} | ({"label": "{label}"} if labels else {}) | {"mpp": 0.5},
        labels=labels,
        splits=splits_of(names, pattern),
        told={"modality": "histology", "department": "pathology", "patient": "{slide}"},
        remarks=["the split is by slide: name the patient, where the paths tell"],
    )
