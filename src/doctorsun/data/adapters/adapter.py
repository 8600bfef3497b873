"""Adapter: the page that says how a data set is laid out and what its labels mean."""

from typing import Annotated, Literal

from pydantic import Field

from doctorsun.config.data import Split
from doctorsun.config.section import Section
from doctorsun.data.readers.arrays import Arrays
from doctorsun.data.readers.class_folders import ClassFolders
from doctorsun.data.readers.coco import Coco
from doctorsun.data.readers.dicom_annotations import DicomSegmentation, DicomStructures
from doctorsun.data.readers.dicom_images import DicomImages
from doctorsun.data.readers.mask_images import MaskImages
from doctorsun.data.readers.slides import Slides
from doctorsun.data.readers.table import Table
from doctorsun.data.readers.videos import Videos
from doctorsun.data.readers.voc import Voc
from doctorsun.data.readers.volumes import Volumes
from doctorsun.data.readers.yolo import Yolo

ReaderSection = Annotated[
    Arrays
    | ClassFolders
    | Coco
    | DicomImages
    | DicomSegmentation
    | DicomStructures
    | MaskImages
    | Slides
    | Table
    | Videos
    | Voc
    | Volumes
    | Yolo,
    Field(discriminator="kind"),
]


class FieldRule(Section):
    """A value that the fields of an item tell."""

    field: str
    """A template of fields, such as ``{view}``."""
    match: str = ""
    """A regular expression with one group: the part of the text that counts; all of it when not given."""
    values: dict[str, str] = Field(default_factory=dict)
    """What each text stands for; the text itself when not given."""


class SplitRule(Section):
    """How the split of an item is found: by a field, by lists, or by its hash.

    Beside the fields of the item, templates may name ``{patient}`` and ``{study}``: what the adapter's own rules tell,
    or the item itself,
    such as a whole video, where they tell nothing.
    """

    field: str | None = None
    """A template of fields, such as ``{split}``, whose value ``values`` translates."""
    match: str = ""
    """A regular expression with one group: the part of the field that counts; all of it when not given."""
    values: dict[str, Split] = Field(default_factory=dict)
    lists: dict[Split, str] | None = None
    """Text files that list the items of each split, one a line."""
    key: str = "{name}"
    """What the lists name."""
    hash: str | None = None
    """A template of fields, such as ``{patient}``; equal ones share a split: 5 % validation, 10 % test, chosen by their
    hash. Where a field or lists tell the split: 5 % of train become validation, for data sets that have none."""


class NewTerm(Section):
    """A finding, structure, cell or instrument that the ontology does not have; keys as in its rows."""

    en: Annotated[tuple[str, ...], Field(min_length=1)]
    zh: Annotated[tuple[str, ...], Field(min_length=1)]
    parent: str
    an: str | None = None
    """Derived from the name when not given; empty where it takes no article."""
    many: str = ""
    organ: str = ""
    department: str = ""
    side: Literal["left", "right", ""] = ""
    grade: int | None = None
    normal: bool = False
    exclusive: bool = False


class Adapter(Section):
    """One data set."""

    dataset: str
    title: str
    url: str
    licence: str | FieldRule
    """SPDX identifier, or the publisher's own name for its terms."""
    citation: str = ""
    version: str = ""
    domain: Literal["medical", "general"] = "medical"
    modality: str | FieldRule
    """Ontology id, as are anatomy, department and plane; or the rule that finds it for each item."""
    anatomy: str | FieldRule = ""
    department: str | FieldRule = ""
    plane: str | FieldRule = ""
    """What the file's own geometry tells goes first."""
    task: Literal["classification", "detection", "segmentation", "report", "caption", "question"]
    labels: dict[str, str | None] = Field(default_factory=dict)
    """The data set's label to an ontology id; null leaves it out on purpose."""
    terms: dict[str, NewTerm] = Field(default_factory=dict)
    """Ids that ``labels`` may use besides those of the ontology."""
    exhaustive: bool = False
    """Whether a finding that is not labelled on an image is known to be absent."""
    incomplete: tuple[str, ...] = ()
    """Ids of which not every object is marked on an image: they are named, but neither counted nor located."""
    split: Split | SplitRule = "train"
    patient: str | FieldRule = ""
    """Who the image is of: a template of fields, or a rule. Samples of one patient never come into two splits."""
    study: str | FieldRule = ""
    reader: ReaderSection

    def licences(self) -> tuple[str, ...]:
        """Return the licences that its images can have; those of a rule are told by each image."""
        if isinstance(self.licence, str):
            return (self.licence,)
        return tuple(dict.fromkeys(self.licence.values.values())) or (self.licence.field,)
