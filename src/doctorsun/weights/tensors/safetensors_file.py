"""Tensors of a ``.safetensors`` file: headers from its JSON, contents by exact byte ranges."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from doctorsun.errors import WeightsError
from doctorsun.weights.tensors.byte_range import COPY_AGAIN, first_bytes, read_range
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.tensor_files import TensorHeader

if TYPE_CHECKING:
    from torch import Tensor

LENGTH_BYTES = 8
DTYPES: Mapping[str, NumberType] = MappingProxyType(
    {
        "BOOL": NumberType.BOOL,
        "U8": NumberType.UINT8,
        "I8": NumberType.INT8,
        "I16": NumberType.INT16,
        "U16": NumberType.UINT16,
        "I32": NumberType.INT32,
        "U32": NumberType.UINT32,
        "I64": NumberType.INT64,
        "U64": NumberType.UINT64,
        "F8_E4M3": NumberType.FLOAT8_E4M3FN,
        "F8_E4M3FNUZ": NumberType.FLOAT8_E4M3FNUZ,
        "F8_E5M2": NumberType.FLOAT8_E5M2,
        "F8_E5M2FNUZ": NumberType.FLOAT8_E5M2FNUZ,
        "F8_E8M0": NumberType.FLOAT8_E8M0FNU,
        "F16": NumberType.FLOAT16,
        "BF16": NumberType.BFLOAT16,
        "F32": NumberType.FLOAT32,
        "F64": NumberType.FLOAT64,
        "C64": NumberType.COMPLEX64,
    }
)
"""Every type of the format that PyTorch holds one element at a time (F4 and F6 are packed)."""


@dataclass(frozen=True, slots=True)
class SafetensorsFile:
    """A sound ``.safetensors`` file.

    Attributes:
        path: the file.
        headers: every tensor, in the order of the file's header.
        starts: where the contents of each begin, in bytes from the beginning of the file.
    """

    path: Path
    headers: Mapping[str, TensorHeader]
    starts: Mapping[str, int]

    @property
    def foreign(self) -> tuple[str, ...]:
        """No classes and functions: the format has none."""
        return ()

    def read(self, name: str) -> "Tensor":
        """Return one tensor, read now.

        Raises:
            WeightsError: the file was cut since it was opened.
        """
        header = self.headers[name]
        contents = read_range(self.path, self.starts[name], header.size_bytes)
        return contents.view(header.dtype.torch).reshape(header.shape)


def open_safetensors(path: Path) -> SafetensorsFile:
    """Read the header of a ``.safetensors`` file; the contents stay on the disk.

    Source: https://huggingface.co/docs/safetensors/index#format.

    Raises:
        WeightsError: the file is cut, its tensors overlap or leave gaps, or a type is not one of PyTorch's.
    """
    _check(path)
    with path.open("rb") as file:
        length = int.from_bytes(file.read(LENGTH_BYTES), "little")
        entries = dict(json.loads(file.read(length)))
    entries.pop("__metadata__", None)
    return SafetensorsFile(
        path=path,
        headers={name: _header(path, name, entry) for name, entry in entries.items()},
        starts={name: LENGTH_BYTES + length + entry["data_offsets"][0] for name, entry in entries.items()},
    )


def _check(path: Path) -> None:
    """Let the library check the header: offsets without overlap or gap, sizes by type and shape, the file's length."""
    first_bytes(path, LENGTH_BYTES)
    try:
        with safe_open(path, framework="np"):  # "pt" would import PyTorch
            pass
    except SafetensorError as error:
        raise WeightsError(f"{path}", got=str(error), expected="a whole safetensors file", do=COPY_AGAIN) from error


def _header(path: Path, name: str, entry: Mapping[str, Any]) -> TensorHeader:
    if entry["dtype"] not in DTYPES:
        raise WeightsError(
            f"{path}: tensor {name}",
            got=f"type {entry['dtype']}",
            expected=f"one of {', '.join(DTYPES)}",
            do="take weights that are not packed",
        )
    return TensorHeader(DTYPES[entry["dtype"]], tuple(entry["shape"]))
