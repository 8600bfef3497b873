"""JSON sidecars of volumes: only keys that are known to be safe stay, with values of the kind that they should have."""

import functools
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from doctorsun.data.deidentify.action import Action
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options
from doctorsun.data.deidentify.refusal import Refusal

_LARGEST_BYTES = 1 << 24
_LARGEST_NUMBER = 1_000_000  # of Hz, ms, mA and the like; telephone and record numbers mostly have more digits


def deidentify_sidecar(path: Path, out_path: Path, key: Key, options: Options) -> list[Action]:  # noqa: ARG001 (one signature)
    """Write a sidecar with numbers of the acquisition and words of closed lists; all else goes.

    Raises:
        Refusal: the file is no JSON object.
    """
    told = _told(path)
    if told is None:
        raise Refusal("no sidecar: no JSON object of at most 16 MiB")
    kept = {name: value for name, value in told.items() if _is_safe(name, value)}
    out_path.write_text(f"{json.dumps(kept, indent=1)}\n", encoding="utf-8")
    removed = [f"sidecar {name if name in _known() else 'key'}" for name in told if name not in kept]
    return [Action(where, "removed", "not known to be safe") for where in removed]


def is_sidecar(path: Path) -> bool:
    """Say whether a file is a JSON object with a key of those that sidecars have."""
    return bool((_told(path) or {}).keys() & _known())


def _told(path: Path) -> dict[str, Any] | None:
    if path.stat().st_size > _LARGEST_BYTES:
        return None
    try:
        told: object = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None  # pyright: ignore[reportUnknownVariableType]


def _known() -> set[str]:
    return {*_safe()["numbers"], *_safe()["booleans"], *_safe()["words"]}


@functools.cache
def _safe() -> dict[str, Any]:
    return yaml.safe_load(files("doctorsun.data.deidentify").joinpath("safe_sidecar.yaml").read_text(encoding="utf-8"))


def _is_safe(name: str, value: object) -> bool:
    if name in _safe()["booleans"]:
        return isinstance(value, bool)
    values: list[object] = value if isinstance(value, list) else [value]
    if name in _safe()["numbers"]:
        return all(_is_plausible(each) for each in _flat(values))
    words = _safe()["words"].get(name, ())
    return bool(words) and all(each in words for each in values)


def _is_plausible(value: object) -> bool:
    """Return whether a value is a number that quantities of an acquisition stay below."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST_NUMBER


def _flat(values: list[object]) -> list[object]:
    return [inner for each in values for inner in (_flat(each) if isinstance(each, list) else [each])]  # pyright: ignore[reportUnknownArgumentType]
