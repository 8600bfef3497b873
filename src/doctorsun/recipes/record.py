"""``run.json``: what a run is, written before its work starts and closed when it ends."""

import json
import platform
import subprocess
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import doctorsun
from doctorsun.config import Recipe
from doctorsun.errors import DataError, RecipeError
from doctorsun.storage.atomic import write_json

LIBRARIES = ("torch", "transformers", "tokenizers", "numpy", "pyarrow", "pillow")


def read_record(run: Path) -> dict[str, Any] | None:
    """Return ``run.json``; None where no run has started.

    Raises:
        DataError: it is damaged.
    """
    path = run / "run.json"
    if not path.exists():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        record["recipe"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}",
            got=f"{type(error).__name__}: {error}",
            expected="the record of a run",
            do="remove the run's folder, or name another with --out",
        ) from error
    return record


def is_finished(record: Mapping[str, Any] | None) -> bool:
    """Tell whether the run was done to its end."""
    return record is not None and record.get("finished") is not None


def open_record(run: Path, recipe: Recipe) -> dict[str, Any]:
    """Start or continue a run in a folder; the settings that training does not read may have changed since.

    Raises:
        RecipeError: what is trained would differ, and the message names the keys; or there are files of no run.
        DataError: ``run.json`` is damaged, or the folder cannot be written.
    """
    resolved = recipe.model_dump(mode="json")
    record = read_record(run)
    if record is None:
        _require_no_other_files(run)
        run.mkdir(parents=True, exist_ok=True)
        new: dict[str, Any] = {
            "recipe": resolved,
            "recipe_name": recipe.name,
            "seed": recipe.seed,
            "versions": _versions(),
            "git_commit": _git_commit(),
            "data": {},
            "machine": {},
            "started": _now(),
            "finished": None,
        }
        write_json(run / "run.json", new)
        return new
    different = sorted(differing_keys(training_part(record["recipe"]), training_part(resolved)))
    if different:
        raise RecipeError(
            f"{run} holds a run of another recipe",
            got=f"other values for {', '.join(different)}",
            expected="what training reads as it was at the start",
            do="name another folder with --out, or remove this one",
        )
    if record["recipe"] != resolved:
        update_record(run, record, recipe=resolved, recipe_name=recipe.name, finished=None)
    return record


def _require_no_other_files(run: Path) -> None:
    """Refuse to start a run among files that it might replace; stores may have been built before."""
    paths = run.iterdir() if run.exists() else ()
    others = sorted(path.name for path in paths if path.name != "stores" and not path.name.startswith("."))
    if others:
        raise RecipeError(
            f"{run} holds no run",
            got=f"other files, the first {others[0]}",
            expected="an empty folder, or that of a run",
            do="name another folder with --out",
        )


def training_part(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a resolved recipe that trained weights depend on, each under its own key."""
    stages, data = recipe.get("stages", {}), recipe.get("data", {})
    used = {entry["source"] for stage in stages.values() for entry in stage["mixture"]}
    sources = {name: section for name, section in data.get("sources", {}).items() if name in used}
    needs_root = any(section["reader"] == "vqa_rad" and section["root"] is None for section in sources.values())
    return {
        **{key: recipe.get(key) for key in ("seed", "precision", "model")},
        "stages": stages,
        "data": {
            "root": data.get("root") if needs_root else None,
            "sources": {name: _training_split(section) for name, section in sources.items()},
        },
    }


def _training_split(section: Mapping[str, Any]) -> dict[str, Any]:
    by_split = {key: section[key] for key in ("num_images", "num_documents", "splits") if key in section}
    kept = {key: value for key, value in section.items() if key != "made_by"}
    return {**kept, **{key: {"train": sizes.get("train")} for key, sizes in by_split.items()}}


def update_record(run: Path, record: dict[str, Any], **facts: Any) -> None:
    """Change facts of ``run.json``."""
    record.update(facts)
    write_json(run / "run.json", record)


def close_record(run: Path, record: dict[str, Any]) -> None:
    """Mark the run as done."""
    update_record(run, record, finished=_now())


def differing_keys(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Yield the dotted keys at which two resolved recipes differ.

    A key that an earlier version did not have is as good as one that is not given.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            place = f"{path}.{key}" if path else str(key)
            yield from differing_keys(old.get(key), new.get(key), place)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        if any(next(differing_keys(*pair, path), None) is not None for pair in zip(old, new, strict=True)):
            yield path
    elif old != new:
        yield path


@contextmanager
def only_one(run: Path) -> Generator[None]:
    """Keep a second process out of the run's folder; the lock ends with the process, however it dies.

    Raises:
        RecipeError: another process works in the folder, or it cannot be written.
    """
    import fcntl

    try:
        run.mkdir(parents=True, exist_ok=True)
        file = (run / ".lock").open("w")
    except OSError as error:
        reason = error.strerror or str(error)
        raise RecipeError(f"cannot write to {run}", got=reason, do="name another folder with --out") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RecipeError(
                f"{run} is in use",
                got="another doctorsun process at work in it",
                expected="one at a time",
                do="wait for it, or name another folder with --out",
            ) from error
        yield


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _versions() -> dict[str, str]:
    libraries = {name: version(name) for name in LIBRARIES}
    return {"doctorsun": doctorsun.__version__, "python": platform.python_version(), **libraries}


def _git_commit() -> str | None:
    """Return the commit of the source tree that the package runs from; None for an installed wheel."""
    source = Path(doctorsun.__file__).parent
    command = ["git", "-C", str(source), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return None
    return found.stdout.strip() or None
