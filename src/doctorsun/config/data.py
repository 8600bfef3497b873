"""The data of a recipe: named sources, each one reader with its settings."""

from typing import Annotated, Literal

from pydantic import Field

from doctorsun.config.section import Section

Split = Literal["train", "validation", "test"]
Modality = Literal[
    "chest_xray", "abdominal_ct", "brain_mr", "fundus", "ultrasound", "histology", "dermoscopy", "blood_smear"
]
ALL_MODALITIES: tuple[Modality, ...] = (
    "chest_xray",
    "abdominal_ct",
    "brain_mr",
    "fundus",
    "ultrasound",
    "histology",
    "dermoscopy",
    "blood_smear",
)


class PhantomSource(Section):
    """Generated medical images with exact truth."""

    reader: Literal["phantom"]
    num_images: dict[Split, Annotated[int, Field(ge=1)]]
    modalities: tuple[Modality, ...] = ALL_MODALITIES


class ShapesSource(Section):
    """Generated images of the general domain: shapes, colours, counting, digits."""

    reader: Literal["shapes"]
    num_images: dict[Split, Annotated[int, Field(ge=1)]]


class PhantomTextSource(Section):
    """Generated documents without images, for the text stage."""

    reader: Literal["phantom_text"]
    num_documents: dict[Split, Annotated[int, Field(ge=1)]]


class VqaRadSource(Section):
    """The VQA-RAD questions in their published files."""

    reader: Literal["vqa_rad"]
    root: str | None = None
    """Folder of the published files; ``data.root`` when not given."""


class StoreSource(Section):
    """A store that was made before."""

    reader: Literal["store"]
    splits: dict[Split, str]
    """The store of each split: a folder, or an address (``hf:``, ``ms:``, ``s3://bucket/path``)."""
    made_by: str | None = None
    """The command that makes it, told where it is missing."""


SourceSection = Annotated[
    PhantomSource | ShapesSource | PhantomTextSource | VqaRadSource | StoreSource, Field(discriminator="reader")
]


class DataSection(Section):
    """Where the samples come from."""

    root: str | None = None
    """Folder of the raw files, for the sources that read some."""
    sources: Annotated[dict[str, SourceSection], Field(min_length=1)]
