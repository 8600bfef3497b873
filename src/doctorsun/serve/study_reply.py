"""What a client is told of a study: all but where its files lie."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from doctorsun.image.study.series import Fact
from doctorsun.serve.studies import Study, StudyLimits


class _Told(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class WindowReply(_Told):
    """A window that slices can be shown with."""

    name: str
    center: float
    width: float
    explanation: str


class SeriesReply(_Told):
    """One series; fields as of `doctorsun.image.study.series.Series`."""

    index: int
    kind: Literal["dicom", "nifti", "nrrd", "metaimage", "picture"]
    modality: str
    num_slices: int
    width: int
    height: int
    plane: str
    orientation: str
    spacing_mm: tuple[float, float] | None
    default_slice: int
    windows: list[WindowReply]
    default_window: str | None
    facts: dict[str, Fact]
    warnings: list[str]
    member: int | None


class StudyReply(_Told):
    """One study, which is removed unless it is used until it expires.

    ``num_skipped`` files cannot be shown: ``skipped`` counts them from 0 in the order of their names in the archive,
    without folders, empty files and what systems and viewers put beside images. ``member`` of a series counts alike.
    """

    id: str
    object: Literal["study"] = "study"
    kind: str
    expires_at: int
    num_skipped: int
    skipped: list[int]
    series: list[SeriesReply]


def study_reply(study: Study, limits: StudyLimits) -> StudyReply:
    """Return what a client is told of a study."""
    return StudyReply(
        id=study.id,
        kind=study.kind,
        expires_at=int(study.last_used + limits.idle_s),
        num_skipped=len(study.skipped),
        skipped=study.skipped,
        series=[SeriesReply(index=index, **series) for index, series in enumerate(study.series)],
    )
