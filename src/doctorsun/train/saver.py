"""Saver: writes a stage's checkpoints, at once or in a thread while training goes on."""

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from torch import Tensor

from doctorsun.errors import DataError
from doctorsun.train.checkpoint import (
    WEIGHTS,
    Checkpoint,
    CheckpointTensors,
    checkpoint_folder,
    open_checkpoint,
    save_checkpoint,
)
from doctorsun.train.checkpoint_tensors import Parameters, checkpoint_tensors, copied, in_order, restore_weights
from doctorsun.train.interruption import unbroken
from doctorsun.train.optimizer import PartsOptimizer


class Saver:
    """Saves what trains; as a context it ends when the last checkpoint is written.

    Args:
        root: folder of the stage's checkpoints.
        fingerprint: of the data plan.
        parameters: those that train, by name.
        optimizer: of these parameters.
        in_background: copy everything, and write the copy in a thread; at most one write is under way.
        is_writer: write files; of several ranks one does, while the others help to gather what is sharded.
    """

    def __init__(
        self,
        root: Path,
        fingerprint: str,
        parameters: Parameters,
        optimizer: PartsOptimizer,
        *,
        in_background: bool = False,
        is_writer: bool = True,
    ) -> None:
        self.root = root
        self.fingerprint = fingerprint
        self.parameters = parameters
        self.optimizer = optimizer
        self.is_writer = is_writer
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="saver") if in_background else None
        self._write: Future[None] | None = None

    def __enter__(self) -> "Saver":  # noqa: PYI034 (checked at run time under the tests, which know no Self)
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self.wait()
        finally:
            if self._thread:
                with unbroken():
                    self._thread.shutdown()

    def save(self, step: int, facts: Mapping[str, Any], *, best_step: int | None = None) -> None:
        """Save the state after a step; all ranks call it.

        Args:
            step: optimizer steps done.
            facts: what a resumed run needs besides tensors, of JSON's types.
            best_step: the step whose checkpoint stays beside the newest two.

        Raises:
            DataError: a weight is not finite; the checkpoints before stay.
            MachineError: the disk is full, at this save or, in the background, at the one before.
        """
        tensors = checkpoint_tensors(self.parameters, self.optimizer)
        if not self.is_writer:
            for tensor in in_order(tensors):
                tensor.compute()
            return
        checkpoint = Checkpoint(checkpoint_folder(self.root, step), step, self.fingerprint, dict(facts))
        self.wait()
        if self._thread is None:
            _write_now(self.root, checkpoint, tensors, best_step)
        else:
            self._write = self._thread.submit(_write_now, self.root, checkpoint, copied(tensors), best_step)

    def check(self) -> None:
        """Raise what went wrong in the background, without waiting for it.

        Raises:
            DataError: a weight is not finite.
            MachineError: the disk is full.
        """
        if self._write and self._write.done():
            self.wait()

    def wait(self) -> None:
        """Wait until nothing is being written; raises as `check` does."""
        write, self._write = self._write, None
        if write:
            write.result()

    def restore_weights(self, step: int) -> None:
        """Put the weights of an earlier checkpoint back, such as the best one; the optimizer stays as it is.

        Raises:
            WeightsError: it is damaged.
        """
        self.wait()
        restore_weights(open_checkpoint(checkpoint_folder(self.root, step)), self.parameters)


def _write_now(root: Path, checkpoint: Checkpoint, tensors: CheckpointTensors, best_step: int | None) -> None:
    """Write a checkpoint; whatever becomes of its files, each tensor is computed: other ranks take part in that."""
    left = deque(in_order(tensors))
    taken = {
        kind: {name: replace(tensor, compute=lambda: left.popleft().compute()) for name, tensor in members.items()}
        for kind, members in tensors.items()
    }
    weights = taken[WEIGHTS]
    taken[WEIGHTS] = {name: tensor.map(partial(_finite, checkpoint, name)) for name, tensor in weights.items()}
    try:
        save_checkpoint(root, checkpoint, taken, best_step=best_step)
    finally:
        while left:
            left.popleft().compute()


def _finite(checkpoint: Checkpoint, name: str, tensor: Tensor) -> Tensor:
    if not tensor.isfinite().all():
        raise DataError(
            f"{checkpoint.folder} was not saved",
            got=f"{name} with values that are not finite",
            expected="finite weights",
            do="lower the learning rate; earlier checkpoints stay",
        )
    return tensor
