"""The manifest on disk: JSON with sorted keys, equal bytes for equal content."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from doctorsun.errors import DataError
from doctorsun.schema import Manifest, Shard
from doctorsun.schema.manifest import SCHEMA_VERSION
from doctorsun.storage.atomic import disk_errors, sync, write_json
from doctorsun.storage.store_folder import MANIFEST, PROGRESS, missing_store


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write a manifest atomically.

    Raises:
        DataError: the source items do not add up; nothing is written.
    """
    _check_items(f"{path}", manifest)
    content = asdict(manifest)
    if not manifest.inputs_sha256:
        del content["inputs_sha256"]  # a store that has none keeps the bytes, and so the identity, that it always had
    write_json(path, content)


def complete_store(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a store whose shards are all there: the store is complete.

    Raises:
        DataError: the source items do not add up.
        MachineError: the disk is full.
    """
    write_manifest(folder / PROGRESS, manifest)
    with disk_errors(folder / MANIFEST):
        (folder / PROGRESS).rename(folder / MANIFEST)
        sync(folder)


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        DataError: it is missing or damaged, of another schema version, or its source items do not add up.
    """
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise missing_store(path.parent) from error
    return parse_manifest(content, f"{path}", do="remove the store and make it again")


def parse_manifest(text: bytes, what: str, *, do: str) -> Manifest:
    """Return the manifest that a file holds.

    Args:
        text: contents of the file.
        what: the file, for messages.
        do: what helps where it is damaged.

    Raises:
        DataError: it is damaged, of another schema version, or its source items do not add up.
    """
    try:
        content: dict[str, Any] = json.loads(text)
        version = content["schema_version"]
        if version != SCHEMA_VERSION:
            advice = "make the store again with this version of doctorsun"
            raise DataError(f"{what}: schema version", got=str(version), expected=str(SCHEMA_VERSION), do=advice)
        for name in ("steps", "parents"):
            content[name] = tuple(content[name])
        content["shards"] = tuple(Shard(**shard) for shard in content["shards"])
        manifest = Manifest(**content)
    except (ValueError, KeyError, TypeError) as error:
        got = f"{type(error).__name__}: {error}"
        raise DataError(f"{what} is damaged", got=got, do=do) from error
    _check_items(what, manifest)
    return manifest


def _check_items(what: str, manifest: Manifest) -> None:
    if manifest.read != manifest.kept + manifest.dropped:
        got = f"{manifest.read} read, {manifest.kept} kept, {manifest.dropped} dropped"
        raise DataError(f"{what}: source items do not add up", got=got, expected="read = kept + dropped")
