"""Commands that bring weights and stores from a hub, and to one; `weights` and `data` both offer them."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doctorsun.cli.printing import print_facts, print_json
from doctorsun.cli.session import AsJson

if TYPE_CHECKING:
    from doctorsun.storage.hub.address import Address
    from doctorsun.storage.hub.kinds import Kinds
    from doctorsun.storage.hub.pull import PullRules
    from doctorsun.storage.hub.push import Parcel

HubAddress = Annotated[
    str,
    typer.Argument(
        metavar="ADDRESS", help="hf:owner/name@revision (Hugging Face) or ms:owner/name@revision (ModelScope)."
    ),
]
HubTarget = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="hf:owner/name or ms:owner/name, with @branch for another branch.")
]
StoreAddress = Annotated[
    str,
    typer.Argument(
        metavar="ADDRESS", help="hf:owner/name@revision, ms:owner/name@revision, or s3://bucket/path of object storage."
    ),
]
StoreTarget = Annotated[
    str,
    typer.Argument(
        metavar="ADDRESS", help="hf:owner/name or ms:owner/name, with @branch for another; s3://bucket/path."
    ),
]
Locked = Annotated[bool, typer.Option("--locked", help="Take only what models.lock names.")]
Offline = Annotated[bool, typer.Option("--offline", help="Take only what is on this machine; HF_HUB_OFFLINE=1 too.")]
Private = Annotated[bool, typer.Option("--private", help="Make a new repository private.")]


def rules_of(*, locked: bool, offline: bool) -> "PullRules":
    """Return what a recipe may pull from hubs."""
    from doctorsun.storage.hub.materialise import is_offline
    from doctorsun.storage.hub.pull import PullRules

    return PullRules(locked=locked, offline=offline or is_offline())


def pull_weights(
    address: HubAddress,
    out: Annotated[
        Path | None, typer.Argument(metavar="OUT", help="The new folder; the client's cache when not given.")
    ] = None,
    *,
    locked: Locked = False,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Bring weights from a hub, with every hash checked.

    The commit that the address means is written to models.lock here, and is meant from then on. Run it again to go
    on after an interruption.
    """
    from doctorsun.storage.hub.kinds import WEIGHTS

    _pull(address, WEIGHTS, out, locked=locked, offline=offline, as_json=as_json)


def push_weights(
    folder: Annotated[Path, typer.Argument(metavar="RUN|WEIGHTS", help="A run, or a folder of weights.")],
    address: HubTarget,
    *,
    private: Private = False,
    as_json: AsJson = False,
) -> None:
    """Bring weights to a hub, after a look at their SHA256SUMS.

    The repository is made where there is none. The token is HF_TOKEN's or MODELSCOPE_API_TOKEN's.
    """
    from doctorsun.storage.hub.kinds import WEIGHTS
    from doctorsun.storage.hub.push import pack
    from doctorsun.weights.folder import find_weights

    _push(lambda: pack(find_weights(folder), WEIGHTS), address, WEIGHTS, private=private, as_json=as_json)


def pull_store(
    address: StoreAddress,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The new folder.")],
    *,
    locked: Locked = False,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Bring a store from a hub or object storage; its shards are compared with its manifest.

    What the address means is written to models.lock here, and is meant from then on.
    """
    from doctorsun.storage.hub.kinds import STORE
    from doctorsun.storage.store import Store

    def check(store: Path) -> None:
        Store(store).verify()

    _pull(address, STORE, out, check, locked=locked, offline=offline, as_json=as_json)


def push_store(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="Folder of a store.")],
    address: StoreTarget,
    *,
    private: Private = False,
    as_json: AsJson = False,
) -> None:
    """Bring a store to a hub or object storage: manifest, shards, and its card as README.md.

    README.md is written into the store where there is none yet. The token is HF_TOKEN's or MODELSCOPE_API_TOKEN's; the
    keys of object storage are AWS_ACCESS_KEY_ID's and AWS_SECRET_ACCESS_KEY's.
    """
    from doctorsun.report.store import pack_store
    from doctorsun.storage.hub.kinds import STORE

    _push(lambda: pack_store(store), address, STORE, private=private, as_json=as_json)


def _pull(
    text: str,
    kinds: "Kinds",
    out: Path | None,
    check: Callable[[Path], None] = lambda _: None,
    *,
    locked: bool,
    offline: bool,
    as_json: bool,
) -> None:
    from doctorsun.storage.hub.hub import open_hub
    from doctorsun.storage.hub.lock import Lock
    from doctorsun.storage.hub.materialise import is_offline
    from doctorsun.storage.hub.pull import PullRules, files_of, pin, pull
    from doctorsun.storage.hub.pull_folder import pull_to

    address, lock = _address(text), Lock()
    hub, rules = open_hub(address.hub), PullRules(locked=locked, offline=offline or is_offline())
    pinned = pin(address, kinds, hub, lock, rules)
    files = files_of(address, pinned, kinds)
    if out is None:
        folder = pull(address, kinds, hub, lock, rules=rules)
    else:
        folder = out
        pull_to(out, address, kinds, hub, lock, rules=rules, check=check)
    _print(
        {
            "address": str(address),
            "revision": pinned.revision,
            "files": len(files),
            "bytes": sum(file.size_bytes for file in files),
            "folder": str(folder),
        },
        as_json=as_json,
    )


def _push(pack: "Callable[[], Parcel]", text: str, kinds: "Kinds", *, private: bool, as_json: bool) -> None:
    from doctorsun.storage.hub.hub import open_hub
    from doctorsun.storage.hub.pull import repository_of
    from doctorsun.storage.hub.push import check_target, push

    address = _address(text)
    check_target(address)
    hub = open_hub(address.hub)
    hub.check_push(repository_of(address, kinds))
    parcel = pack()
    for path in parcel.paths:
        typer.echo(path, err=True)
    facts: dict[str, Any] = {"files": len(parcel.paths), "bytes": parcel.size_bytes}
    facts |= {"left out": ", ".join(sorted(parcel.left_out))} if parcel.left_out else {}
    facts |= {} if parcel.is_checked or kinds.needed else {"unchecked": "no SHA256SUMS in the folder"}
    page = push(parcel, address, kinds, hub, private=private)
    _print({"address": str(address), **facts, "page": page}, as_json=as_json)


def _address(text: str) -> "Address":
    from doctorsun.errors import RecipeError
    from doctorsun.storage.hub.address import FORM, parse_address, without_query

    address = parse_address(text)
    if address is None:
        raise RecipeError(
            f"'{without_query(text)}'", got="no address of a hub", expected=FORM, do="give the hub's name first"
        )
    return address


def _print(facts: dict[str, Any], *, as_json: bool) -> None:
    print_json(facts) if as_json else print_facts(facts)
