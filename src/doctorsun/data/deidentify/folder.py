"""A folder without identifiers: every file that can be made clean, under a new name; it goes on where it stopped."""

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

from doctorsun.data.deidentify.formats import Format, format_of
from doctorsun.data.deidentify.found_files import OUTSIDE, found_files, leads_out
from doctorsun.data.deidentify.journal import NOT_WRITTEN, Entry, Journal, counted
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.nifti import is_values_of_pair, values_beside_header
from doctorsun.data.deidentify.options import Options
from doctorsun.data.deidentify.refusal import Refusal
from doctorsun.data.deidentify.summary import REPORT, Settings, read_report, write_report
from doctorsun.data.process_pool import process_pool
from doctorsun.errors import DataError, MachineError, MissingDependency
from doctorsun.storage.atomic import DISK_FULL, atomic_path, disk_errors, write_json
from doctorsun.storage.only_writer import one_writer
from doctorsun.storage.real_path import real_path

JOURNAL = "deidentification.jsonl"
PAIRED = re.compile(r"[.](?:nii|json|bval|bvec)(?:[.]gz)?$", re.IGNORECASE)  # files that share a name
TABLES = (".tsv",)
TABLE = "a table (.tsv), which may name people or tell of them: look at it, and copy it without those columns"
Progress = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    """Tell nobody how far the work is."""


@dataclass(frozen=True, slots=True)
class Job:
    """One file to be made clean.

    Attributes:
        source: the file.
        relative: its path below the folder that was named.
        top: that folder, without links; of a single file, the one that it is in.
        out: the folder of what is written.
        key: gives the stand-ins.
        options: what was chosen.
        refusal: why it is not even looked at; empty for most.
    """

    source: Path
    relative: str
    top: Path
    out: Path
    key: Key
    options: Options
    refusal: str = ""

    @property
    def id(self) -> str:
        """What stands for the file's path."""
        return self.key.pseudonym("file", self.relative)

    @property
    def seen(self) -> str:
        """What stands for the file as it is now."""
        if self.refusal:
            return self.key.pseudonym("seen", f"{self.relative}\x1f{self.refusal}")
        try:
            facts = self.source.stat()
        except OSError:  # gone by now
            return self.key.pseudonym("seen", self.relative)
        return self.key.pseudonym("seen", f"{self.relative}\x1f{facts.st_size}\x1f{facts.st_mtime_ns}")

    def new_name(self, found: Format) -> str:
        """Return the file's new path: the same folder and, of pairs, the same name stay together."""
        folder, _, name = self.relative.rpartition("/")
        stem = PAIRED.sub("", name) if found.of_pair else name
        parts = [self.key.pseudonym("folder", folder)] if folder else []
        return "/".join([*parts, self.key.pseudonym("file", f"{folder}/{stem}") + found.suffix])


def deidentify_folder(
    source: Path,
    out: Path,
    key: Key,
    options: Options,
    *,
    workers: int = 1,
    on_progress: Progress = _silent,
) -> dict[str, Path]:
    """Write every file of a folder that can be made clean into another folder, with a report of what was done.

    Files of unknown formats, links that lead out of the folder, and files that cannot be made clean, are not written;
    the report tells why.

    Args:
        source: a file or a folder.
        out: a new folder, or one in which the same work was interrupted or has ended.
        key: gives the stand-ins.
        options: what was chosen.
        workers: processes at work.
        on_progress: is told how many files are done, of how many.

    Returns:
        By what stands for it in the report, each file that was not written. These names may tell of people.

    Raises:
        DataError: there is nothing to read; one of the folders lies in the other; or the second holds something else.
        MachineError: the disk is full, or a process was killed.
    """
    _require_apart(source, out)
    settings, found = Settings.of(key, options), found_files(source)
    with one_writer(out, "de-identification"):
        _open(out, settings)
        journal = Journal(out / JOURNAL)
        top = real_path(source if source.is_dir() else source.parent)
        jobs = [Job(path, _relative(path, source), top, out, key, options, refusal) for path, refusal in found.items()]
        left = [job for job in jobs if not _is_done(job, journal)]
        for number, entry in enumerate(_entries(left, workers), len(jobs) - len(left) + 1):
            journal.add(entry)
            on_progress(number, len(jobs))
        journal.close()
        write_report(out, settings, journal.entries.values())
    return {job.id: job.source for job in jobs if journal.entries[job.id].state in NOT_WRITTEN}


def made(job: Job) -> Entry:
    """Make one file clean.

    Raises:
        MachineError: the disk is full.
    """
    seen = job.seen
    try:
        _look_at(job)
        found = format_of(job.source)
        if found is None:
            return _of_no_format(job, seen)
        _require_values_inside(job, found)
        name = job.new_name(found)
        with atomic_path(job.out / name) as unfinished:
            actions = found.deidentify(job.source, unfinished, job.key, job.options)
    except Refusal as refusal:
        return Entry(job.id, seen, "refused", reason=refusal.what)
    except MissingDependency as missing:
        return Entry(job.id, seen, "refused", reason=missing.text())
    except OSError as error:
        if error.errno in DISK_FULL:
            with disk_errors(job.out):
                raise
        return Entry(job.id, seen, "refused", reason=f"cannot be read ({type(error).__name__})")
    except MachineError:
        raise
    except Exception as error:  # noqa: BLE001 (a damaged file may raise anything, with its values in the text)
        return Entry(job.id, seen, "refused", reason=f"damaged ({type(error).__name__})")
    return Entry(job.id, seen, "written", found.name, name, actions=counted(actions))


def _look_at(job: Job) -> None:
    if job.refusal:
        raise Refusal(job.refusal)


def _require_values_inside(job: Job, found: Format) -> None:
    """Refuse a header whose values are reached by a link that leads out of the folder."""
    values = values_beside_header(job.source) if found.name == "NIfTI" else None
    if values is not None and leads_out(values, job.top):
        raise Refusal(OUTSIDE)


def _of_no_format(job: Job, seen: str) -> Entry:
    if is_values_of_pair(job.source):
        return Entry(job.id, seen, "part")
    if job.source.suffix.lower() in TABLES:
        raise Refusal(TABLE)
    return Entry(job.id, seen, "unknown", reason="no format that can be made clean")


def _entries(jobs: list[Job], workers: int) -> Iterator[Entry]:
    if workers == 1:
        yield from map(made, jobs)
        return
    with process_pool(workers) as pool:
        for done in as_completed([pool.submit(made, job) for job in jobs]):
            yield done.result()


def _is_done(job: Job, journal: Journal) -> bool:
    entry = journal.entries.get(job.id)
    return entry is not None and entry.seen == job.seen and (not entry.file or (job.out / entry.file).exists())


def _require_apart(source: Path, out: Path) -> None:
    one, other = real_path(source), real_path(out)
    if one.is_relative_to(other) or other.is_relative_to(one):
        do = "name a folder beside it"
        raise DataError(f"cannot write {out}", got="a folder in what is read, or around it", do=do)


def _open(out: Path, settings: Settings) -> None:
    """Begin the folder, or go on with one that was begun with the same key and options."""
    report = out / REPORT
    if report.exists():
        begun = read_report(out)["settings"]
        if begun != settings.as_json():
            raise DataError(
                f"cannot go on in {out}",
                got="files made with another key, other options or another version",
                expected="the same",
                do="name a new folder",
            )
        return
    if out.is_dir() and any(out.iterdir()):
        raise DataError(f"cannot write {out}", got="a folder that holds something else", do="name a new folder")
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
    write_json(report, {"settings": settings.as_json(), "complete": False})


def _relative(path: Path, source: Path) -> str:
    return os.path.relpath(path, source) if path != source else path.name
