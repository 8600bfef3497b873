"""Curves on Weights & Biases: one run there, whatever happens to the processes here."""

import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from doctorsun.config import WandbSection
from doctorsun.errors import MachineError
from doctorsun.image.libraries import optional_library
from doctorsun.storage.atomic import write_text
from doctorsun.train.curves import curves_of
from doctorsun.train.telemetry import Event

_ONLY_CURVES: dict[str, Any] = {
    "console": "off",
    "disable_code": True,
    "disable_git": True,
    "host": "",
    "save_code": False,
    "x_disable_machine_info": True,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_save_requirements": False,
}
"""Settings of wandb 0.31 against all that it sends unasked: output, code, commit, host name, machine, packages."""


class WandbSink:
    """Sends the curves of each stage as ``<stage>/<curve>`` over ``<stage>/step``.

    What was sent cannot be taken back. Steps that are done again after a kill give the same numbers, so those that the
    diary had are not sent again; the last ones before a ``kill -9`` may be missing, as the library writes with a delay.

    Args:
        section: the project.
        run: the run's folder; the id of the run on Weights & Biases is kept there, in ``wandb/id``.
        config: the resolved recipe, shown beside the curves.

    Raises:
        MissingDependency: the package ``wandb`` is not installed.
        MachineError: Weights & Biases refuses, or cannot be reached.
    """

    def __init__(self, section: WandbSection, run: Path, config: dict[str, Any]) -> None:
        self._sent: dict[str, int] = {}
        self._defined: set[str] = set()
        self._wandb = optional_library("wandb", needed_for="curves on Weights & Biases", extra="wandb")
        self._run = _open_run(self._wandb, section, run, config)

    def rewind(self, stage: str, kept: Sequence[Event], removed: Sequence[Event]) -> None:
        """Remember the last step of a stage that was sent."""
        self._sent[stage] = max((event.get("step", 0) for event in (*kept, *removed)), default=0)

    def write(self, event: Event) -> None:
        """Send the numbers of an event, unless its step was sent by an earlier process."""
        stage, curves = event.get("stage"), curves_of(event)
        if stage is None or not curves or event["step"] <= self._sent.get(stage, 0):
            return
        if stage not in self._defined:
            self._run.define_metric(f"{stage}/*", step_metric=f"{stage}/step")
            self._defined.add(stage)
        self._run.log({f"{stage}/{name}": value for name, value in curves.items()} | {f"{stage}/step": event["step"]})

    def close(self) -> None:
        """Send what is left, and wait until it is sent or written."""
        self._run.finish()
        self._wandb.teardown()


def _open_run(wandb: Any, section: WandbSection, run: Path, config: dict[str, Any]) -> Any:
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # reports of errors hold code and paths
    try:
        return wandb.init(
            project=section.project,
            entity=section.entity,
            name=section.name or run.resolve().name,
            mode=section.mode,
            id=_run_id(run / "wandb" / "id"),
            resume="allow",
            dir=run,
            config=config,
            settings=wandb.Settings(**_ONLY_CURVES),
        )
    except (wandb.Error, OSError) as error:
        raise MachineError(
            "telemetry.wandb",
            got=f"{type(error).__name__}: {error}",
            expected=f"a run in the project {section.project}",
            do="log in with 'wandb login', or set telemetry.wandb.mode=offline",
        ) from error


def _run_id(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, uuid.uuid4().hex[:12])
    return path.read_text(encoding="utf-8").strip()
