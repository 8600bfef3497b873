"""The questions of a task, from the files as users download them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, cast

from doctorsun.config.collection import ConvertSource, ImportSource
from doctorsun.config.task import Task, TaskSource
from doctorsun.data.collect import open_source
from doctorsun.data.question_ids import QuestionIds
from doctorsun.data.readers.injection import NUM_PICTURES, injection_item
from doctorsun.data.readers.item import Dropped, Item, Reader
from doctorsun.data.readers.phantom import DrawnReader
from doctorsun.data.readers.published import PublishedReader
from doctorsun.data.readers.vqa_rad import VqaRadReader
from doctorsun.data.task_columns import TaskColumns
from doctorsun.errors import DataError
from doctorsun.schema import Sample

NOT_ASKED = "not_asked"
"""The reason of source items that a task does not ask: of another split, or of another type."""
_NAMED_BY_FOLDER = ("questions", "hub-parquet", "webdataset")
"""Formats that call a data set by its folder, which every user names as they like; a task calls it by its own name."""
UNREADABLE = {".pkl": "a pickle, which can run code when it is read"}


@dataclass(frozen=True, slots=True)
class TaskFiles:
    """Where the questions of a task were found.

    Attributes:
        folder: the folder that was named, or that of the file that was.
        files: those that the questions stand in, sorted; an adapter has its own rules, and these tell that it fits.
    """

    source: TaskSource
    folder: Path
    files: tuple[Path, ...]

    @property
    def all_files(self) -> tuple[Path, ...]:
        """The files, and those that they are read with."""
        beside = (sorted(self.folder.glob(pattern)) for pattern in self.source.beside)
        return (*self.files, *(path for paths in beside for path in paths))


@dataclass(frozen=True)
class TaskReader:
    """A source, opened, of which only what the task asks is made; it can be sent to other processes."""

    reader: Reader[Any]
    source: TaskSource
    file: Path
    """The first one, for messages."""

    def pending(self) -> Iterator[Any]:
        """Yield the records that count; as `Reader.pending`.

        Raises:
            DataError: no record has a column, or a value, that the page names, or two of a file have one id.
        """
        columns, ids = TaskColumns(self.source, self.file), QuestionIds(self.source)
        for each in self.reader.pending():
            if isinstance(each, Dropped) or columns.counts(_fields_of(each)):
                ids.note(each)
                yield each
        columns.check()

    def make(self, pending: Any) -> Item:
        """Make the questions of one source item; dropped as ``not_asked`` where it has none, else as by its reader."""
        item = self.reader.make(pending)
        if isinstance(item, Dropped):
            return item
        return tuple(each for each in item if self._asks(each)) or Dropped(item[0].source.original_id, NOT_ASKED)

    def _asks(self, sample: Sample) -> bool:
        source = self.source
        return (
            sample.answer is not None
            and source.split in (None, sample.source.split)
            and (not source.types or sample.task in source.types)
        )


def find_files(task: Task, path: Path) -> TaskFiles:
    """Return the first of a task's sources whose files are in a folder, or that a file is one of.

    Raises:
        DataError: there are none, or only such that are not read.
    """
    folder = path if path.is_dir() else path.parent
    for source in task.sources:
        files = _files_of(source, path)
        if files:
            return TaskFiles(source, folder, files)
    unread = [each for each in (path.rglob("*") if path.is_dir() else [path]) if each.suffix in UNREADABLE]
    if unread:
        raise DataError(
            f"{unread[0]}",
            got=UNREADABLE[unread[0].suffix],
            expected=_wanted(task),
            do="take the published Parquet files, or save the questions as JSON",
        )
    got = "no such file or folder" if not path.exists() else "none of its files" if path.is_dir() else "another file"
    raise DataError(f"task {task.name} in {path}", got=got, expected=_wanted(task), do=_advice(task))


def open_task(task: Task, found: TaskFiles) -> TaskReader | DrawnReader:
    """Open the files of a task; images are looked for beside them, then in the whole folder.

    Raises:
        DataError: a file cannot be read.
        RecipeError: the adapter is wrong.
    """
    source = found.source
    if source.drawn:
        return DrawnReader(injection_item, NUM_PICTURES)
    if source.adapter:
        return TaskReader(
            open_source(ConvertSource(adapter=source.adapter, root=str(found.folder))), source, found.files[0]
        )
    dataset = source.dataset or (task.name if source.format in _NAMED_BY_FOLDER else "")
    reader = open_source(
        ImportSource(
            format=source.format,
            path=_asked_path(found),
            images=_places(found),
            dataset=dataset,
            licence=task.licence if dataset else "",
            language=source.language,
            columns=source.columns,
        )
    )
    if isinstance(reader, VqaRadReader):
        reader = replace(reader, split=source.split)
    if isinstance(reader, PublishedReader):
        reader = replace(reader, keeps_unshown=True)  # what cannot be shown stays in the denominator
    return TaskReader(reader, source, found.files[0])


def _fields_of(pending: Any) -> dict[str, Any]:
    """Return what is known of a source item before it is made: a record's fields, or what an array's name tells."""
    if isinstance(pending, tuple):
        parts = cast("tuple[Any, ...]", pending)
        return next((part for part in parts if isinstance(part, dict)), {})
    return getattr(pending, "fields", {})


def _files_of(source: TaskSource, path: Path) -> tuple[Path, ...]:
    if path.is_file():
        return (path,) if PurePosixPath(path.name).match(PurePosixPath(source.files).name) else ()
    return tuple(sorted(each for each in path.glob(source.files) if each.is_file()))


def _asked_path(found: TaskFiles) -> str:
    """Return what a format is asked to read: the file, or a pattern from the folder that holds all files.

    So the names of records, and with them the ids of samples, are the same whichever folder above was named.
    """
    if len(found.files) == 1:
        return str(found.files[0])
    below = Path(os.path.commonpath([file.parent for file in found.files]))
    name = PurePosixPath(found.source.files).name
    return str(below / name if all(file.parent == below for file in found.files) else below / "**" / name)


def _places(found: TaskFiles) -> tuple[str, ...]:
    named = [place for pattern in found.source.images for place in sorted(found.folder.glob(pattern))]
    return tuple(dict.fromkeys(str(place) for place in (*named, found.files[0].parent, found.folder)))


def _wanted(task: Task) -> str:
    patterns = [source.files for source in task.sources]
    return f"{', '.join(dict.fromkeys(patterns))}, or a store"


def _advice(task: Task) -> str:
    return f"download {task.download} from {task.url}" if task.download and task.url else "check the folder"
