"""The steps of a run: what each was made from and the files it left, kept in ``run.json``."""

import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from doctorsun.errors import WeightsError
from doctorsun.recipes.record import differing_keys, read_record, update_record
from doctorsun.storage.soundness import what_is_wrong

Inputs = Mapping[str, Any]


class Steps:
    """Knows which steps of a run are done.

    A step is done where its files are whole and were made from what the recipe and the steps before give it now.

    Args:
        run: the run's folder.
        record: the content of its ``run.json``.
        tell: takes a line for the user about each step that must be done again.
    """

    def __init__(self, run: Path, record: dict[str, Any], tell: Callable[[str], None]) -> None:
        self.run = run
        self.record = record
        self.tell = tell

    @property
    def names(self) -> set[str]:
        """The steps that have been done."""
        return set(self._entries)

    def revision(self, name: str) -> str:
        """Return the revision of the weights that a step made; empty where it has not been done."""
        return self._entries.get(name, {}).get("revision", "")

    def is_done(self, name: str, inputs: Inputs) -> bool:
        """Tell whether a step is done."""
        return name in self.names and not (self.changes(name, inputs) or self.damage(name))

    def changes(self, name: str, inputs: Inputs) -> str:
        """Return the names of what a step was made from and that is other now."""
        return ", ".join(sorted(differing_keys(self._entries[name]["inputs"], inputs)))

    def damage(self, name: str) -> str:
        """Return the first file of a step that is missing or damaged, and what is wrong with it."""
        for path, size_bytes in self._entries[name]["files"].items():
            if wrong := what_is_wrong(self.run / path, size_bytes):
                return f"{path}: {wrong}"
        return ""

    def tell_why(self, name: str, inputs: Inputs | None) -> None:
        """Tell why what a step left must go; ``inputs`` is None where the recipe no longer has the step."""
        if name not in self.names:
            return
        if inputs is None:
            self.tell(f"{name} is withdrawn: the recipe no longer has it")
        else:
            changes = self.changes(name, inputs)
            self.tell(f"{name} is done again: {f'other {changes}' if changes else self.damage(name)}")

    def close(self, name: str, inputs: Inputs, files: Iterable[Path], *, revision: str = "") -> None:
        """Record that a step was done, with the sizes of the files that it left."""
        sizes = {str(path.relative_to(self.run)): path.stat().st_size for path in sorted(files)}
        entry = {"inputs": inputs, "files": sizes, "revision": revision}
        update_record(self.run, self.record, steps=self._entries | {name: entry})

    def forget(self, name: str) -> None:
        """Take back that a step was done."""
        left = {other: entry for other, entry in self._entries.items() if other != name}
        update_record(self.run, self.record, steps=left)

    def has_weights(self, name: str, inputs: Inputs, folder: Path) -> bool:
        """Tell whether a training step is done; damaged weights are removed, so that they can be made again.

        Whole weights that a killed process did not come to record are recorded: a run never changes what it trains.

        Raises:
            WeightsError: they were made from other inputs.
        """
        if name not in self.names:
            if not folder.exists():
                return False
            self.close_weights(name, inputs, folder)
        if damage := self.damage(name):
            self.tell(f"{name} is done again: {damage}")
            self.forget(name)
            shutil.rmtree(folder, ignore_errors=True)
            return False
        if changes := self.changes(name, inputs):
            raise WeightsError(
                f"{folder}",
                got=f"weights that were made from other {changes}",
                expected="those that this run has now",
                do="use another --out, or remove this folder to make the weights again",
            )
        return True

    def close_weights(self, name: str, inputs: Inputs, folder: Path) -> None:
        """Record that a step left a folder of weights."""
        from doctorsun.weights.folder import revision_of

        self.close(name, inputs, folder.iterdir(), revision=revision_of(folder))

    @property
    def _entries(self) -> dict[str, Any]:
        return self.record.get("steps", {})


def has_start(run: Path) -> bool:
    """Tell whether a run's folder holds, whole, the weights that the run starts from.

    Raises:
        DataError: the record of the run is damaged.
    """
    steps = Steps(run, read_record(run) or {}, lambda _: None)
    return (run / "start").is_dir() and not ("start" in steps.names and steps.damage("start"))
