"""Write shards of known contents, slowly enough to be killed: each tensor is announced before it is computed."""

import sys
from pathlib import Path

import torch
from torch import Tensor

from doctorsun.weights.lazy import LazyTensor
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.shard_writer import write_shards
from doctorsun.weights.tensors.tensor_files import TensorHeader

NUM_TENSORS, NUM_ELEMENTS = 8, 1000


def announced(number: int) -> Tensor:
    """Say which tensor comes, and wait for a line that allows it."""
    print(number, flush=True)  # noqa: T201 (the test reads it)
    sys.stdin.readline()
    return torch.full((NUM_ELEMENTS,), float(number))


def main(folder: Path) -> None:
    """Write two tensors to each shard."""
    header = TensorHeader(NumberType.FLOAT32, (NUM_ELEMENTS,))
    tensors = {f"t{n}": LazyTensor(header, lambda n=n: announced(n), (f"t{n}",)) for n in range(NUM_TENSORS)}
    write_shards(tensors, folder, shard_bytes=2 * header.size_bytes)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
