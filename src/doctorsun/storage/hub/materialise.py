"""From an address to a folder on this machine: one road for weights, recipes and stores."""

import os
from pathlib import Path

from doctorsun.storage.hub.address import parse_address
from doctorsun.storage.hub.hub import open_hub
from doctorsun.storage.hub.kinds import Kinds
from doctorsun.storage.hub.lock import Lock
from doctorsun.storage.hub.pull import PullRules, pull

OFFLINE = "HF_HUB_OFFLINE"  # the client's own variable; here it speaks for every hub


def materialise(address_or_path: str | Path, *, kinds: Kinds, locked: bool = False, offline: bool = False) -> Path:
    """Return the folder or file that an address or a path names, pulled into the client's cache where it is not yet.

    Args:
        address_or_path: ``hf:owner/name@revision``, ``ms:...``, or a path on this machine, which is returned as it is.
        kinds: what is wanted: `WEIGHTS` or `STORE` of ``doctorsun.storage.hub.kinds``.
        locked: take only what ``models.lock`` names.
        offline: use only what is on this machine already; HF_HUB_OFFLINE=1 says the same.

    Raises:
        RecipeError: the address is wrong, or ``locked`` and the lock does not name it.
        DataError: the hub does not give it, it is not here offline, or a file is not what the lock or the hub says.
        MachineError: the files do not fit the disk.
    """
    address = parse_address(str(address_or_path))
    if address is None:
        return Path(address_or_path)
    rules = PullRules(locked=locked, offline=offline or is_offline())
    return pull(address, kinds, open_hub(address.hub), Lock(), rules=rules)


def is_offline() -> bool:
    """Say whether the environment forbids asking hubs."""
    return os.environ.get(OFFLINE, "").upper() in {"1", "ON", "YES", "TRUE"}
