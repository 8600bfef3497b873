"""Facts of a task: which files its questions are from, how many there are, and what differs from the published set."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from doctorsun.config.task import Task
from doctorsun.data.task_reader import NOT_ASKED
from doctorsun.eval.protocols import protocols_for
from doctorsun.schema import AnswerKind
from doctorsun.storage.atomic import sha256_file, write_json
from doctorsun.storage.store import Store
from doctorsun.storage.store_folder import MANIFEST

ASK = "ask"
"""The step of a store whose questions were read for a task."""
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file that questions are from."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """What ``task.json`` tells.

    Attributes:
        store: folder of the store that holds the questions with their images.
        split: of the published set that the files are; empty where nothing tells.
        rows: questions that are asked, those without their images too.
        kinds: how many of them are of each kind of answer: the denominators of the scores.
        not_asked: records of other splits or types.
        dropped: records that cannot be asked, by reason.
        shows_images: whether any question is about an image.
        missing_images: paths of images that are not here; their questions are error rows.
        warnings: what a reader of the scores has to know.
    """

    task: str
    title: str
    licence: str
    citation: str
    files: tuple[FileFacts, ...]
    store: str
    split: str
    rows: int
    kinds: dict[str, int]
    not_asked: int
    dropped: dict[str, int]
    shows_images: bool
    missing_images: tuple[str, ...]
    warnings: tuple[str, ...]
    instructions: dict[str, dict[AnswerKind, str]]
    notes: tuple[str, ...]


def file_facts(paths: Sequence[Path]) -> tuple[FileFacts, ...]:
    """Return name, size and hash of files."""
    return tuple(FileFacts(path.name, path.stat().st_size, sha256_file(path)) for path in paths)


def task_facts(task: Task, store: Store, files: tuple[FileFacts, ...]) -> TaskFacts:
    """Return what is known of the questions in a store.

    Args:
        task: the page.
        store: its questions.
        files: what they were read from.
    """
    kinds = Counter(kind for kind in store.column("answer.kind") if kind is not None)
    reasons = store.manifest.dropped_reasons if store.manifest.steps[0].get("step") == ASK else {}
    dropped = {reason: number for reason, number in reasons.items() if reason != NOT_ASKED}
    rows_lacking = store.rows_without_images()
    missing = dict.fromkeys(
        image.path for row in rows_lacking for image in store.without_bytes(row).images if not image.sha256
    )
    warnings = [
        *task.differences(kinds.total(), dict(kinds), split_asked(store)),
        *_other_files(task, files),
        *(f"{task.name}: {number:,} records cannot be asked ({reason})" for reason, number in dropped.items()),
        *_missing(task.name, len(rows_lacking), list(missing)),
        *_other_protocols(task, kinds),
    ]
    return TaskFacts(
        task=task.name,
        title=task.title,
        licence=task.licence,
        citation=task.citation,
        files=files,
        store=str(store.folder.resolve()),
        split=split_asked(store),
        rows=kinds.total(),
        kinds=dict(kinds.most_common()),
        not_asked=reasons.get(NOT_ASKED, 0),
        dropped=dropped,
        shows_images=any(store.column("images.sha256")),
        missing_images=tuple(missing),
        warnings=tuple(warnings),
        instructions={language: {**asked} for language, asked in task.instructions.items()},
        notes=task.notes,
    )


def split_asked(store: Store) -> str:
    """Return the split of the published set that a store's files are; empty where it was not read for a task."""
    return str(store.manifest.steps[0].get("split", "")) if store.manifest.steps[0].get("step") == ASK else ""


def store_file(store: Store) -> tuple[FileFacts, ...]:
    """Return the manifest of a store, which names the hashes of all it holds, as the file that questions are from."""
    return file_facts([store.folder / MANIFEST])


def write_facts(folder: Path, facts: TaskFacts) -> None:
    """Write ``task.json``."""
    write_json(folder / "task.json", asdict(facts))


def _other_files(task: Task, files: tuple[FileFacts, ...]) -> list[str]:
    return [
        f"{task.name}: {file.name} is not the published file (SHA-256 {file.sha256[:12]}, "
        f"expected {task.sha256[file.name][:12]})"
        for file in files
        if task.sha256.get(file.name, file.sha256) != file.sha256
    ]


def _other_protocols(task: Task, kinds: Collection[AnswerKind]) -> Iterator[str]:
    """Yield a sentence for each protocol of the page that judges none of the questions."""
    judges = {protocol.name for kind in kinds for protocol in protocols_for(kind, task.protocols)}
    for name in task.protocols if judges else ():
        if name not in judges:
            yield (
                f"{task.name}: the page's protocol {name} judges none of these questions ({', '.join(sorted(kinds))}); "
                f"they are scored by {', '.join(sorted(judges))}"
            )


def _missing(task: str, num_questions: int, paths: list[str]) -> list[str]:
    if not num_questions:
        return []
    shown = ", ".join(paths[:_SHOWN]) + (", ..." if len(paths) > _SHOWN else "")
    images = f"{len(paths):,} images: {shown}; task.json names all"
    return [f"{task}: {num_questions:,} questions lack images and count as errors where images are shown ({images})"]
