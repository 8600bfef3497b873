"""What a store was made from, as one hash that grows source item by source item: other inputs give another."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from pathlib import PurePath
from typing import Any


def digest_of(listed: Any) -> bytes:
    """Return a hash of what one source item is made from: the same in every process and on every machine.

    Args:
        listed: a record, a row or a name, as a reader lists it. A path counts by its last part, so that the folder
            that the data lie in changes nothing; files that it names are not opened.
    """
    return hashlib.sha256(json.dumps(listed, default=_plain).encode()).digest()


def extended(inputs_sha256: str, digest: bytes) -> str:
    """Return the hash of one source item more; that of none is the empty text."""
    return hashlib.sha256(inputs_sha256.encode() + digest).hexdigest()


def inputs_sha256_of(listed: Iterable[Any]) -> str:
    """Return the hash of all source items, in their order."""
    sha256 = ""
    for each in listed:
        sha256 = extended(sha256, digest_of(each))
    return sha256


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, PurePath):
        return value.name
    if is_dataclass(value):
        return [type(value).__name__, *(getattr(value, each.name) for each in fields(value))]
    if isinstance(value, set | frozenset):
        return sorted(value)
    if hasattr(value, "tolist"):  # an array or a number of NumPy
        return value.tolist()
    return str(value)  # dates and decimal numbers of tables
