"""Published conversation data: records of any file kind to samples, the images joined to them.

A format is a function that reads one record; everything else is the same for all of them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.box_marks import objects_of_marks
from doctorsun.data.readers.conversation import Conversation, all_refs
from doctorsun.data.readers.exported import EXPORTED, exported_item
from doctorsun.data.readers.foreign_paths import ForeignPaths
from doctorsun.data.readers.image_finder import ImageFinder, is_absolute, plain_path
from doctorsun.data.readers.item import Dropped, Item
from doctorsun.data.readers.layout import Layout
from doctorsun.data.readers.origin import Origin
from doctorsun.data.readers.record_files import file_values
from doctorsun.data.readers.record_images import read_images, reference
from doctorsun.data.readers.record_reader import RawRecord, raw_records
from doctorsun.data.readers.source_files import SourceFile
from doctorsun.data.readers.told_groups import with_told
from doctorsun.schema import Answer, Groups, Image, MadeBy, Message, Sample, sample_id
from doctorsun.text.language import script_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a record tells.

    Attributes:
        original_id: the publisher's own name of it.
        split: of which split it is, where the record tells.
        subset: the part of a data set that mixtures may choose, such as ``alignment``.
        size: width and height of its image in pixels, where the record tells.
        rejected: replies that are worse than the conversation's last one.
        has_boxes: the words hold ``<box>[[...]]</box>`` with coordinates.
    """

    conversation: Conversation
    original_id: str = ""
    split: str = ""
    subset: str = ""
    answer: Answer | None = None
    rejected: tuple[str, ...] = ()
    task: str = ""
    modality: str = ""
    anatomy: str = ""
    facts: str = ""
    groups: Groups = field(default_factory=Groups)
    made_by: MadeBy = field(default_factory=MadeBy)
    size: tuple[int, int] | None = None
    has_boxes: bool = False


ReadRecord = Callable[[RawRecord], Published | Dropped]


@dataclass(frozen=True)
class PublishedReader:
    """Files of one format, opened; it can be sent to other processes.

    Attributes:
        files: read one after the other.
        origin: what holds for all samples.
        read_record: the format; a function of a module, so that other processes find it.
        finder: where the images are.
        layout: records without it are dropped.
        values: reads a file, as `file_values` does; a function of a module, too.
        keeps_unshown: a record whose images cannot be decoded, or told apart, keeps references to them: it is not
            dropped.
    """

    files: Sequence[SourceFile]
    origin: Origin
    read_record: ReadRecord
    finder: ImageFinder
    layout: Layout
    values: Callable[[Path], Iterator[tuple[str, Any]]] = file_values
    keeps_unshown: bool = False

    def pending(self) -> Iterator[RawRecord | Dropped]:
        """Yield the records as they stand in the files, which are never held in memory.

        Raises:
            DataError: a file is damaged or of another format, or a place of images cannot be searched.
        """
        self.finder.prepare()
        asked: ForeignPaths | None = None  # read when the first record needs it: most data sets have none
        for file in self.files:
            for record in raw_records(file, self.values(file.path), self.layout):
                names = [] if isinstance(record, Dropped) else self._foreign_in(record.fields)
                if isinstance(record, Dropped) or not names:
                    yield record
                    continue
                asked = asked or self._foreign_paths()
                shared = {name: asked.num_shared(plain_path(name)) for name in names}
                yield replace(record, shared=shared)

    def make(self, pending: RawRecord | Dropped) -> Item:
        """Make the sample of a record, its images found and decoded once."""
        if isinstance(pending, Dropped):
            return pending
        if EXPORTED in pending.fields:
            return exported_item(pending, self.finder)
        published = self.read_record(pending)
        if isinstance(published, Dropped):
            return published
        images = read_images(published.conversation.images, self.finder, pending)
        if isinstance(images, Dropped) and self.keeps_unshown:
            images = tuple(reference(ref.path or pending.id) for ref in published.conversation.images)
        if isinstance(images, Dropped):
            return images
        groups = with_told(published.groups, pending.fields)
        return self._sample(pending.id, replace(published, groups=groups), images)

    def _foreign_paths(self) -> ForeignPaths:
        """Return all absolute paths, those too that the user maps elsewhere: their images are not others'."""
        values = (value for file in self.files for _, value in self.values(file.path) if isinstance(value, dict))
        paths = (plain_path(ref.path) for fields in values for ref in all_refs(fields) if ref.data is None)
        return ForeignPaths(path for path in paths if is_absolute(path))

    def _foreign_in(self, fields: dict[str, Any]) -> list[str]:
        """Return the image paths of a record that are those of another machine."""
        return [ref.path for ref in all_refs(fields) if ref.data is None and self.finder.is_foreign(ref.path)]

    def _sample(self, record_id: str, published: Published, images: tuple[Image, ...]) -> Item:
        messages, objects = published.conversation.messages, ()
        if published.has_boxes:
            marked = objects_of_marks(messages, images, published.size)
            if isinstance(marked, str):
                return Dropped(record_id, "box", marked)
            messages, objects = marked
        language = self.origin.language or script_of("\n".join(map(_words, messages)))
        source = self.origin.source(published.original_id or record_id, published.split or "train")
        if published.subset:
            source = replace(source, dataset=f"{source.dataset}/{published.subset}")
        sample = Sample(
            id=sample_id(source.dataset, record_id, language),
            messages=messages,
            source=source,
            images=images,
            answer=published.answer,
            rejected=published.rejected,
            language=language,
            domain=self.origin.domain,
            task=published.task,
            modality=published.modality,
            anatomy=published.anatomy,
            objects=objects,
            facts=published.facts,
            groups=published.groups,
            made_by=published.made_by,
        )
        return (sample,)


def finder_of(section: ImportSource, beside: Path) -> ImageFinder:
    """Return where an import's images are: what the user names, or beside the file."""
    places = section.images or (str(beside if beside.is_dir() else beside.parent),)
    return ImageFinder(places, section.remap)


def folder_of(section: ImportSource) -> Path:
    """Return the folder that an import's path names or lies in; of a pattern, that before its first wildcard."""
    path = Path(section.path)
    while not path.exists() and path != path.parent:
        path = path.parent
    return path if path.is_dir() else path.parent


def text_of(value: Any) -> str:
    """Return a field as clean text; nothing for null."""
    return "" if value is None else str(value).strip()


def _words(message: Message) -> str:
    return message.text
