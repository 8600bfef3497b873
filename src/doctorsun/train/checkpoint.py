"""Checkpoints: trained weights, optimizer and place in the plan, complete or not there, checked by hash."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from doctorsun.errors import WeightsError
from doctorsun.storage.atomic import atomic_folder, sha256_file, write_json
from doctorsun.train.optimizer import PartsOptimizer
from doctorsun.weights.disk import safetensors_as_os_errors

KEEP = 2
TENSOR_FILES = ("weights.safetensors", "optimizer.safetensors")
SLOTS = ("step", "exp_avg", "exp_avg_sq", "momentum_buffer")  # what AdamW and Muon keep of each parameter


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A complete checkpoint on disk: the state after ``step`` optimizer steps.

    Attributes:
        fingerprint: of the data plan that it belongs to.
        quarantined: samples that could not be used so far.
        wall_s: seconds that the stage took so far.
    """

    folder: Path
    step: int
    fingerprint: str
    quarantined: int
    wall_s: float


def save_checkpoint(
    root: Path,
    step: int,
    parameters: Mapping[str, nn.Parameter],
    optimizer: PartsOptimizer,
    facts: Mapping[str, Any],
) -> Path:
    """Write ``step-N`` atomically and remove all but the newest two.

    Args:
        root: folder of the stage's checkpoints.
        step: optimizer steps done.
        parameters: those that train, by name.
        optimizer: of these parameters.
        facts: what a resumed run needs besides tensors: ``fingerprint``, ``quarantined`` and ``wall_s``.

    Raises:
        MachineError: the disk is full; older checkpoints stay.
    """
    folder = root / f"step-{step}"
    if folder.exists():  # damaged, else the run had resumed from it
        shutil.rmtree(folder)
    with atomic_folder(folder) as partial:
        with safetensors_as_os_errors():
            save_file({name: p.detach().contiguous() for name, p in parameters.items()}, partial / TENSOR_FILES[0])
            save_file(_optimizer_tensors(parameters, optimizer), partial / TENSOR_FILES[1])
        hashes = {name: sha256_file(partial / name) for name in TENSOR_FILES}
        write_json(partial / "state.json", {"step": step, "sha256": hashes, **facts})
    for old in _folders(root)[:-KEEP]:
        shutil.rmtree(old)
    return folder


def find_checkpoint(root: Path, fingerprint: str) -> tuple[Checkpoint | None, list[str]]:
    """Return the newest sound checkpoint, and one line for each damaged one that was passed over.

    Raises:
        WeightsError: the newest sound checkpoint belongs to another plan.
    """
    skipped: list[str] = []
    for folder in reversed(_folders(root)):
        try:
            state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
            damaged = [name for name in TENSOR_FILES if sha256_file(folder / name) != state["sha256"][name]]
            checkpoint = Checkpoint(folder, state["step"], state["fingerprint"], state["quarantined"], state["wall_s"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            skipped.append(f"{folder}: {type(error).__name__}: {error}")
            continue
        if damaged:
            skipped.append(f"{folder}: {', '.join(damaged)} does not match its SHA-256")
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


def restore(checkpoint: Checkpoint, parameters: Mapping[str, nn.Parameter], optimizer: PartsOptimizer) -> None:
    """Put a checkpoint's weights and optimizer state back.

    Raises:
        WeightsError: its tensors are not those that train.
    """
    weights = load_file(checkpoint.folder / TENSOR_FILES[0])
    if weights.keys() != parameters.keys():
        odd = min(weights.keys() ^ parameters.keys())
        raise WeightsError(
            f"{checkpoint.folder}",
            got=f"a checkpoint that differs in {odd}",
            expected="the tensors that train",
            do="use another --out, or remove the stage's folder to train it again",
        )
    state = load_file(checkpoint.folder / TENSOR_FILES[1])
    for name, parameter in parameters.items():
        parameter.data.copy_(weights[name])
        slots = {slot: state[f"{slot}:{name}"].to(parameter.device) for slot in SLOTS if f"{slot}:{name}" in state}
        if slots:  # none before the first step
            optimizer.set_state(parameter, slots)


def _optimizer_tensors(parameters: Mapping[str, nn.Parameter], optimizer: PartsOptimizer) -> dict[str, Tensor]:
    states = {name: optimizer.state_of(parameter) for name, parameter in parameters.items()}
    return {
        f"{slot}:{name}": state[slot].contiguous() for name, state in states.items() for slot in SLOTS if slot in state
    }


def _folders(root: Path) -> list[Path]:
    found = [path for path in root.glob("step-*") if path.name[5:].isdigit()]
    return sorted(found, key=lambda path: int(path.name[5:]))
