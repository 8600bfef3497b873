"""The types of numbers in tensors, told without PyTorch: headers are read before anything heavy is imported."""

import math
from enum import StrEnum
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import torch


class NumberType(StrEnum):
    """A type, by PyTorch's name.

    Attributes:
        itemsize: bytes of one number.
        largest: the largest finite value of a floating-point type; NaN where the type is another.
    """

    itemsize: int
    largest: float

    BOOL = "bool", 1
    UINT8 = "uint8", 1
    INT8 = "int8", 1
    INT16 = "int16", 2
    UINT16 = "uint16", 2
    INT32 = "int32", 4
    UINT32 = "uint32", 4
    INT64 = "int64", 8
    UINT64 = "uint64", 8
    FLOAT8_E4M3FN = "float8_e4m3fn", 1, 448.0
    FLOAT8_E4M3FNUZ = "float8_e4m3fnuz", 1, 240.0
    FLOAT8_E5M2 = "float8_e5m2", 1, 57344.0
    FLOAT8_E5M2FNUZ = "float8_e5m2fnuz", 1, 57344.0
    FLOAT8_E8M0FNU = "float8_e8m0fnu", 1, 2.0**127
    FLOAT16 = "float16", 2, 65504.0
    BFLOAT16 = "bfloat16", 2, (2 - 2.0**-7) * 2.0**127
    FLOAT32 = "float32", 4, (2 - 2.0**-23) * 2.0**127
    FLOAT64 = "float64", 8, (2 - 2.0**-52) * 2.0**1023
    COMPLEX64 = "complex64", 8
    COMPLEX128 = "complex128", 16

    __setstate__ = None  # so that no hostile pickle can change one

    def __new__(cls, name: str, itemsize: int, largest: float = math.nan) -> Self:
        """Make a type of its name and its sizes."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.itemsize = itemsize
        member.largest = largest
        return member

    @classmethod
    def of(cls, dtype: "torch.dtype") -> "NumberType":
        """Return PyTorch's type as ours.

        Raises:
            ValueError: no format of weights has it.
        """
        return cls(str(dtype).removeprefix("torch."))

    @property
    def is_floating_point(self) -> bool:
        """Whether it is a real type with an exponent."""
        return not math.isnan(self.largest)

    @property
    def torch(self) -> "torch.dtype":
        """PyTorch's own; imports it."""
        import torch

        return getattr(torch, self.value)
