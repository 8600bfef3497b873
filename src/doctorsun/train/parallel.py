"""What is sharded among ranks and what each holds whole; how their gradients become one."""

import math
from collections import OrderedDict
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor

from doctorsun.model.forward import LanguagePass
from doctorsun.train.world import World


def shard(language: LanguagePass, world: World, *, bf16: bool) -> bool:
    """Shard the language model among ranks where it trains in full; tell whether it is.

    Each decoder layer is gathered when it is computed, and so are the embedding, and the last norm with the head. An
    embedding that is also the head stays whole on every rank. With several nodes a node holds all shards, so that
    weights travel inside nodes and only gradients between them.

    Source: FSDP, arXiv 2304.11277 (sharding, 3.2; hybrid sharding, 3.2.2); torch.distributed.fsdp.fully_shard.

    Args:
        language: with ``requires_grad`` set for what trains; its parameters become others of the same names.
        world: the ranks.
        bf16: compute in bfloat16, add gradients up in 32 bits.
    """
    layers = language.layers
    if world.size == 1 or not all(p.requires_grad for layer in layers for p in layer.parameters()):
        return False
    half = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
    fully = partial(fully_shard, mesh=_mesh(world), mp_policy=half if bf16 else MixedPrecisionPolicy())
    for group in sharded_groups(language):
        fully(group)
    whole = {weight for weight in language.embedding.parameters() if language.is_tied}
    fully(language, ignored_params=whole)
    for module in language.modules():
        if isinstance(module, FSDPModule):
            # Losses are shares of the step's mean already: gradients add up, and are not averaged again.
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(True)
    return True


def sharded_groups(language: LanguagePass) -> list[list[nn.Module]]:
    """Return what is gathered, computed and let go together, in the order of the forward pass."""
    layers = [[layer] for layer in language.layers]
    if language.is_tied:
        return [*layers, [language.norm]]
    return [[language.embedding], *layers, [language.norm, language.head]]


@contextmanager
def gathered(language: LanguagePass) -> Generator[None]:
    """Hold all shards on every rank while the block runs, so that one rank alone can compute; all ranks call this.

    What gathers them layer by layer rests meanwhile: it expects the same calls on every rank.
    """
    modules = [module for module in language.modules() if isinstance(module, FSDPModule)]
    hooks = [_take_hooks(module) for module in modules]
    for module in modules:
        module.unshard()
    try:
        yield
    finally:
        for module, taken in zip(modules, hooks, strict=True):
            module.reshard()
            vars(module).update(taken)


def _take_hooks(module: nn.Module) -> dict[str, Any]:
    """Take away what a module calls before and after its forward pass; return it as the module holds it."""
    taken = {name: vars(module)[name] for name in ("_forward_pre_hooks", "_forward_hooks")}
    vars(module).update({name: OrderedDict() for name in taken})
    return taken


class Gradients:
    """The gradients of what trains: summed where every rank holds all, scaled together with those that are sharded.

    Args:
        parameters: those that train, by name.
        world: the ranks.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], world: World) -> None:
        self.world = world
        self.replicas = [p for p in parameters.values() if not isinstance(p, DTensor)]
        self.shards = [p for p in parameters.values() if isinstance(p, DTensor)]
        self.device = next(iter(parameters.values())).device
        meshes = {p.device_mesh for p in self.shards}
        self.num_copies = meshes.pop().size() // _num_shards(self.shards[0]) if meshes else 1

    def sum(self, numbers: Sequence[float]) -> list[float]:
        """Add the replicas' gradients of all ranks up in one exchange; return numbers that were added up with them.

        A parameter keeps no gradient where no rank has one: the optimizer leaves it as it is.
        """
        if self.world.size == 1:
            return list(numbers)
        grads = [p.grad for p in self.replicas]
        has_grad = [float(grad is not None) for grad in grads]
        parts = [
            torch.zeros_like(p, dtype=torch.float32).flatten() if grad is None else grad.float().flatten()
            for p, grad in zip(self.replicas, grads, strict=True)
        ]
        head = torch.tensor([*numbers, *has_grad], dtype=torch.float32, device=self.device)
        flat = self.world.sum("gradients", torch.cat([head, *parts]))
        summed, *sums = flat.split([len(head), *(len(part) for part in parts)])
        values = summed.tolist()
        for parameter, part, count in zip(self.replicas, sums, values[len(numbers) :], strict=True):
            parameter.grad = part.view_as(parameter).to(parameter.dtype) if count else None
        return values[: len(numbers)]

    def clip(self, max_norm: float) -> float:
        """Scale all gradients so that their common norm is at most ``max_norm``; return what it was."""
        grads = [p.grad for p in self.replicas if p.grad is not None]
        norm = nn.utils.get_total_norm(grads)
        if self.shards:
            squares = self.world.sum("norm", _squares(self._local()).to(norm.device)) / self.num_copies
            norm = (norm.double() ** 2 + squares).sqrt().float()
        nn.utils.clip_grads_with_norm_(self.replicas, max_norm, norm)
        if self.shards:
            scale = torch.clamp(max_norm / (norm + 1e-6), max=1.0)
            for grad in self._local():
                grad.mul_(scale)
        return float(norm)

    def _local(self) -> list[Tensor]:
        """Return the parts of the sharded gradients that this rank holds."""
        return [p.grad.to_local() for p in self.shards if isinstance(p.grad, DTensor)]


def _mesh(world: World) -> DeviceMesh:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if world.num_nodes == 1:
        return init_device_mesh(device, (world.size,), mesh_dim_names=("shard",))
    return init_device_mesh(device, (world.num_nodes, world.local_size), mesh_dim_names=("replicate", "shard"))


def _num_shards(parameter: DTensor) -> int:
    mesh, placements = parameter.device_mesh, parameter.placements
    return math.prod(mesh.size(i) for i, placement in enumerate(placements) if placement.is_shard())


def _squares(tensors: Iterable[Tensor]) -> Float[Tensor, ""]:
    """Return the sum of the squares of all numbers."""
    return torch.stack([tensor.float().square().sum(dtype=torch.float64) for tensor in tensors]).sum()
