"""Layout of videos, which their suffixes tell; a folder per class gives the labels."""

from doctorsun.data.draft.layout import Layout
from doctorsun.data.draft.pictures import splits_of
from doctorsun.data.draft.survey import Survey, commonest_depth, pattern_with_classes

_SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv")


def videos(found: Survey) -> Layout | None:
    """Guess videos, in a folder per class where there are folders of several; pictures beside them go first."""
    names = found.with_suffix(*_SUFFIXES)
    if len(names) <= len(found.pictures):
        return None
    names = commonest_depth(names)
    pattern, labels = pattern_with_classes(names)
    return Layout(
        task="classification",
        reader={"kind": "videos", "videos": pattern} | ({"label": "{label}"} if labels else {}) | {"num_frames": 8},
        labels=labels,
        splits=splits_of(names, pattern),
        told={"patient": "{video}"},
        remarks=[
            "the split is by video: name the patient, where the paths or a table ('join') tell",
            "a label is said of every frame of its video: choose the frames that show it by 'at_s', if not all do",
            "look whether names of people are written into the videos",
        ],
    )
