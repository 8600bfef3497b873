"""World: the processes that train together, and the few words that they exchange; trivial for one process."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, cast, runtime_checkable

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.rendezvous import rendezvous

from doctorsun.errors import MachineError

STEP_TIMEOUT = timedelta(minutes=30)
"""How long a rank waits for the others inside a step."""
ORDER_TIMEOUT = timedelta(days=30)
"""How long it waits while the first rank prepares data, writes weights or evaluates."""
VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
_ENDED = ("connection closed", "connection reset", "broken pipe", "socket", "timed out", "timeout", "gloo", "nccl")


@runtime_checkable
class Store(Protocol):
    """What all ranks see: numbers by name."""

    def add(self, key: str, amount: int, /) -> int:
        """Add to a number; return what it is then."""
        ...


class PeerLost(MachineError):  # noqa: N818 (not this process's fault)
    """Another process of the same run ended, which says itself why."""

    code = "peer"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One rank among those that torchrun started.

    Attributes:
        size: number of ranks, over all nodes.
        local_rank: which one on this node.
        local_size: ranks of this node.
        calls: how often each exchange took place, by its name.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1
    calls: Counter[str] = field(default_factory=Counter)
    orders: dist.ProcessGroup | None = None
    store: "Store | None" = None

    @classmethod
    def join(cls, environment: Mapping[str, str], *, meet_at: str = "env://") -> "World":
        """Meet the other ranks that torchrun started; without torchrun there are none.

        Args:
            environment: where torchrun says who is who.
            meet_at: where the ranks find each other, as torch.distributed names places.

        Raises:
            MachineError: the node has fewer GPUs than ranks, or torchrun's variables are incomplete.
        """
        if not is_one_of_many(environment):
            return cls()
        rank, size, local_rank, local_size = _places(environment)
        has_gpu = torch.cuda.is_available()
        if has_gpu:
            _require_gpus(local_size)
            torch.cuda.set_device(local_rank)
        store, _, _ = next(rendezvous(meet_at, rank, size))
        store = _of_this_attempt(store, environment)
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if has_gpu else "gloo",
            store=store,
            rank=rank,
            world_size=size,
            timeout=STEP_TIMEOUT,
        )
        orders = cast("dist.ProcessGroup", dist.new_group(backend="gloo", timeout=ORDER_TIMEOUT))
        return cls(rank=rank, size=size, local_rank=local_rank, local_size=local_size, orders=orders, store=store)

    @property
    def is_first(self) -> bool:
        """Whether this rank prepares, saves, reports and evaluates."""
        return self.rank == 0

    @property
    def num_nodes(self) -> int:
        """Machines, which all have equally many ranks."""
        return max(1, self.size // self.local_size)

    def sum(self, name: str, tensor: Tensor) -> Tensor:
        """Add a tensor of every rank up, in place.

        Args:
            name: what the exchange is counted as.
            tensor: of one shape on all ranks.
        """
        if self.size > 1:
            self.calls[name] += 1
            dist.all_reduce(tensor)
        return tensor

    def sum_numbers(self, name: str, numbers: Sequence[float]) -> list[float]:
        """Add numbers of every rank up; whole numbers stay exact."""
        if self.size == 1:
            return list(numbers)
        return self.sum(name, torch.tensor(numbers, dtype=torch.float64)).tolist()

    def share(self, name: str, value: Any) -> Any:
        """Return the first rank's value, of JSON's types; the others wait for it as long as it takes."""
        if self.size == 1:
            return value
        self.calls[name] += 1
        content = _encoded(value) if self.is_first else torch.empty(0, dtype=torch.uint8)
        length = torch.tensor([len(content)])
        dist.broadcast(length, 0, group=self.orders)
        content = content if self.is_first else torch.empty(int(length), dtype=torch.uint8)
        dist.broadcast(content, 0, group=self.orders)
        return _decoded(content)

    def gather(self, name: str, value: Any) -> list[Any]:
        """Return the value of every rank, each of JSON's types, in the order of ranks."""
        if self.size == 1:
            return [value]
        self.calls[name] += 1
        content = _encoded(value)
        lengths = [torch.zeros(1, dtype=torch.int64) for _ in range(self.size)]
        dist.all_gather(lengths, torch.tensor([len(content)]))
        longest = int(torch.cat(lengths).max())
        padded = torch.zeros(longest, dtype=torch.uint8)
        padded[: len(content)] = content
        contents = [torch.empty_like(padded) for _ in range(self.size)]
        dist.all_gather(contents, padded)
        return [_decoded(each[: int(length)]) for each, length in zip(contents, lengths, strict=True)]

    def is_first_to_fail(self) -> bool:
        """Tell whether no other rank has said before that it failed; what ended them all is then told once."""
        if self.size == 1:
            return True
        try:
            return self.store is None or self.store.add("failures", 1) == 1
        except RuntimeError:  # the store is gone: rather said twice than not at all
            return True

    def leave(self) -> None:
        """Part from the others, once all have come so far."""
        if self.size > 1:
            dist.barrier(group=self.orders)
            dist.destroy_process_group()


def is_one_of_many(environment: Mapping[str, str]) -> bool:
    """Tell whether torchrun started this process with others."""
    return environment.get("WORLD_SIZE", "1") != "1"


def is_loss_of_peer(error: RuntimeError) -> bool:
    """Tell whether an exchange failed because another rank ended."""
    text = str(error).lower()
    return isinstance(error, dist.DistError) or any(word in text for word in _ENDED)


def _places(environment: Mapping[str, str]) -> list[int]:
    missing = [name for name in VARIABLES if not environment.get(name, "").isdigit()]
    if missing:
        raise MachineError(
            f"{missing[0]} in the environment",
            got=environment.get(missing[0]) or "nothing",
            expected=f"a number, as torchrun sets {', '.join(VARIABLES)}",
            do="start with torchrun",
        )
    return [int(environment[name]) for name in VARIABLES]


def _of_this_attempt(store: Any, environment: Mapping[str, str]) -> Any:
    """Hide what an attempt before left in torchrun's store, such as addresses of processes that are gone.

    Nodes count attempts of their own, so only the attempts of one node are told apart; several nodes need
    TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 (https://github.com/pytorch/pytorch/issues/135712).
    """
    if environment["LOCAL_WORLD_SIZE"] != environment["WORLD_SIZE"]:
        return store
    attempt = environment.get("TORCHELASTIC_RESTART_COUNT", "0")
    return dist.PrefixStore(f"attempt {attempt}", store)  # pyright: ignore[reportPrivateImportUsage]


def _require_gpus(local_size: int) -> None:
    if local_size > torch.cuda.device_count():
        raise MachineError(
            "too many processes on this machine",
            got=f"{local_size} for {torch.cuda.device_count()} GPUs",
            expected="one for each GPU",
            do=f"start torchrun with --nproc-per-node {torch.cuda.device_count()}",
        )


def _encoded(value: Any) -> Tensor:
    return torch.frombuffer(bytearray(json.dumps(value).encode()), dtype=torch.uint8)


def _decoded(content: Tensor) -> Any:
    return json.loads(content.numpy().tobytes())
