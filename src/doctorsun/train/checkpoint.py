"""Checkpoints: trained weights, optimizer and place in the plan, complete or not there, checked by hash."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doctorsun.errors import WeightsError
from doctorsun.storage.atomic import atomic_folder, sha256_file, write_bytes
from doctorsun.weights.lazy import LazyTensors
from doctorsun.weights.tensors.shard_writer import PROGRESS, SHARD_BYTES, write_shards

KEEP = 2
WEIGHTS, OPTIMIZER = "weights", "optimizer"
STATE, SUMS = "state.json", "SHA256SUMS"

CheckpointTensors = Mapping[str, LazyTensors]
"""``WEIGHTS`` and ``OPTIMIZER``, each tensor computed when it is written."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A complete checkpoint on disk: the state after ``step`` optimizer steps.

    Random draws are no part of it: they are seeded by the run's seed, which the fingerprint covers, and the step.

    Attributes:
        fingerprint: of the data plan that it belongs to.
        facts: what else a resumed run needs, as it was given to `save_checkpoint`.
    """

    folder: Path
    step: int
    fingerprint: str
    facts: Mapping[str, Any]


def save_checkpoint(
    root: Path, checkpoint: Checkpoint, tensors: CheckpointTensors, *, best_step: int | None = None
) -> None:
    """Write ``step-N`` atomically, one tensor in memory at a time; remove all but the newest two and the best.

    Args:
        root: folder of the stage's checkpoints.
        checkpoint: what is saved, under the name that `checkpoint_folder` gives.
        tensors: those that train, and what the optimizer keeps of them.
        best_step: the step of another checkpoint that must stay.

    Raises:
        MachineError: the disk is full; older checkpoints stay.
    """
    if checkpoint.folder.exists():  # damaged, else the run had resumed from it
        shutil.rmtree(checkpoint.folder)
    with atomic_folder(checkpoint.folder) as partial:
        sums: dict[str, str] = {}
        for name, members in tensors.items():
            written = write_shards(members, partial / name, shard_bytes=SHARD_BYTES)
            (partial / name / PROGRESS).unlink()
            sums |= {f"{name}/{file}": digest for file, digest in written.items()}
        state = json.dumps(_state(checkpoint), ensure_ascii=False, indent=1).encode()
        write_bytes(partial / STATE, state)
        sums[STATE] = hashlib.sha256(state).hexdigest()
        lines = [f"{digest}  {name}\n" for name, digest in sorted(sums.items())]
        write_bytes(partial / SUMS, "".join(lines).encode())
    for old in _folders(root)[:-KEEP]:
        if old != checkpoint_folder(root, best_step):
            shutil.rmtree(old)


def checkpoint_folder(root: Path, step: int | None) -> Path:
    """Return where the checkpoint of a step lies."""
    return root / f"step-{step}"


def find_checkpoint(root: Path, fingerprint: str) -> tuple[Checkpoint | None, list[str]]:
    """Return the newest sound checkpoint, and one line for each damaged one that was passed over.

    Raises:
        WeightsError: the newest sound checkpoint belongs to another plan.
    """
    skipped: list[str] = []
    for folder in reversed(_folders(root)):
        try:
            checkpoint = open_checkpoint(folder)
        except WeightsError as error:
            skipped.append(f"{error}")
            continue
        if checkpoint.fingerprint != fingerprint:
            raise WeightsError(
                f"{folder}",
                got=f"a checkpoint of the data plan {checkpoint.fingerprint[:12]}",
                expected=fingerprint[:12],
                do="use another --out, or remove the stage's folder to train it again",
            )
        return checkpoint, skipped
    return None, skipped


def open_checkpoint(folder: Path) -> Checkpoint:
    """Return a checkpoint after every file of it was compared with its hash.

    Raises:
        WeightsError: a file is missing or damaged.
    """
    try:
        sums = [line.split("  ", 1) for line in (folder / SUMS).read_text(encoding="utf-8").splitlines()]
        damaged = [name for digest, name in sums if sha256_file(folder / name) != digest]
        state = json.loads((folder / STATE).read_text(encoding="utf-8"))
        checkpoint = Checkpoint(folder, state["step"], state["fingerprint"], state["facts"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(folder, f"{type(error).__name__}: {error}") from error
    if damaged or STATE not in {name for _, name in sums}:
        raise _damaged(folder, f"{', '.join(damaged) or SUMS} with another content")
    return checkpoint


def _damaged(folder: Path, got: str) -> WeightsError:
    return WeightsError(f"{folder}", got=got, expected=f"the files of its {SUMS}")


def _state(checkpoint: Checkpoint) -> dict[str, Any]:
    return {"step": checkpoint.step, "fingerprint": checkpoint.fingerprint, "facts": dict(checkpoint.facts)}


def _folders(root: Path) -> list[Path]:
    found = [path for path in root.glob("step-*") if path.name[5:].isdigit()]
    return sorted(found, key=lambda path: int(path.name[5:]))
