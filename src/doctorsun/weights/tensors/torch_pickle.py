"""The pickle inside a ``torch.save`` file, read so that nothing in it can run: tensors become placeholders."""

import io
import pickle
import pickletools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NoReturn, Self

from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.tensor_files import TensorHeader

MAX_PICKLE_BYTES = 256 * 2**20
MAX_OPERATIONS = 1_000_000
"""A checkpoint of 700 tensors has about 20,000; a hostile file could fill the memory with one byte per object."""
MAX_STACK = 100_000
"""Objects that wait to be put into one; Python's own pickles put dictionaries together by 1,000 items."""

STORAGE_DTYPES: Mapping[str, NumberType] = MappingProxyType(
    {
        "BFloat16Storage": NumberType.BFLOAT16,
        "BoolStorage": NumberType.BOOL,
        "ByteStorage": NumberType.UINT8,
        "CharStorage": NumberType.INT8,
        "ComplexDoubleStorage": NumberType.COMPLEX128,
        "ComplexFloatStorage": NumberType.COMPLEX64,
        "DoubleStorage": NumberType.FLOAT64,
        "FloatStorage": NumberType.FLOAT32,
        "HalfStorage": NumberType.FLOAT16,
        "IntStorage": NumberType.INT32,
        "LongStorage": NumberType.INT64,
        "ShortStorage": NumberType.INT16,
        "UntypedStorage": NumberType.UINT8,
    }
)
BESIDE_TENSORS = frozenset({"torch.Tensor", "torch.device", "torch.nn.parameter.Parameter"})
"""Classes that PyTorch itself names with a tensor; they are not told."""
NUMBER_TYPES: Mapping[str, NumberType] = MappingProxyType({f"{each}": each for each in NumberType})


@dataclass(frozen=True)
class Storage:
    """Where the numbers of tensors lie: one record of the archive, which tensors may share."""

    key: str
    dtype: NumberType
    num_elements: int

    __setstate__ = None


@dataclass(frozen=True)
class StoredTensor:
    """A tensor that was not read: a view of a storage.

    Attributes:
        header: its type and shape.
        storage: where its numbers lie.
        offset: of its first number, counted in numbers of its own type.
        stride: steps between numbers along each axis, in numbers.
    """

    header: TensorHeader
    storage: Storage
    offset: int
    stride: tuple[int, ...]

    __setstate__ = None

    @property
    def num_spanned(self) -> int:
        """Numbers from the first to the last, those between included."""
        if 0 in self.header.shape:
            return 0
        return 1 + sum((size - 1) * step for size, step in zip(self.header.shape, self.stride, strict=True))


class Inert:
    """Stands for any object that is no tensor: it holds what it was made of, and does nothing.

    Attributes:
        origin: the class or function that the file names, as ``module.name``.
        arguments: what it would have been called with.
    """

    origin = ""
    arguments: tuple[Any, ...]

    def __new__(cls, *arguments: Any, **_: Any) -> Self:
        """Hold what a pickle gives; it may make objects without initialising them."""
        inert = super().__new__(cls)
        inert.arguments = arguments
        return inert

    def __setstate__(self, state: Any) -> None:
        """Take no state."""

    def __setitem__(self, key: Any, value: Any) -> None:
        """Keep no items."""

    def append(self, item: Any) -> None:
        """Keep no item."""

    add = extend = append


def _inert(origin: str) -> type[Inert]:
    return type("Inert", (Inert,), {"origin": origin})


class Items(dict[Any, Any]):
    """A plain dictionary for ``collections.OrderedDict``, whose attributes (``_metadata``) are not taken."""

    def __setstate__(self, state: Any) -> None:
        """Take no state."""


class _Callable:
    """One function that a pickle may call; a pickle cannot change it."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def __setstate__(self, state: Any) -> NoReturn:
        raise pickle.UnpicklingError("a state for a function")


def _rebuild_tensor(storage: Storage, offset: int, size: Sequence[int], stride: Sequence[int], *_: Any) -> StoredTensor:
    return _stored(storage, None, offset, size, stride)


def _rebuild_tensor_v3(
    storage: Storage, offset: int, size: Sequence[int], stride: Sequence[int], *rest: Any
) -> StoredTensor:
    _requires_grad, _hooks, dtype, *_ = rest
    if not isinstance(dtype, NumberType):
        raise pickle.UnpicklingError(f"a tensor of type {getattr(dtype, 'origin', dtype)}")
    return _stored(storage, dtype, offset, size, stride)


def _stored(
    storage: Storage, own_dtype: NumberType | None, offset: int, size: Sequence[int], stride: Sequence[int]
) -> StoredTensor:
    dtype = own_dtype or getattr(storage, "dtype", None)
    numbers = (offset, *size, *stride)
    if not isinstance(storage, Storage) or not isinstance(dtype, NumberType) or len(size) != len(stride):
        raise pickle.UnpicklingError("a tensor whose parts do not fit together")
    if any(type(number) is not int or number < 0 for number in numbers):
        raise pickle.UnpicklingError(f"a tensor with offset, size and stride {numbers}")
    tensor = StoredTensor(TensorHeader(dtype, tuple(size)), storage, offset, tuple(stride))
    end = (offset + tensor.num_spanned) * dtype.itemsize
    if end > storage.num_elements * storage.dtype.itemsize:
        raise pickle.UnpicklingError(f"a tensor that ends {end} bytes into a shorter storage")
    return tensor


def _rebuild_parameter(data: Any, *_: Any) -> Any:
    return data


def _rebuild_from_type(function: Any, _kind: Any, arguments: Sequence[Any], *_: Any) -> Any:
    return function(*arguments) if isinstance(function, _Callable) else Inert(*arguments)


def _attribute(owner: Any, name: str, *_: Any) -> type[Inert]:
    """Stand for a class within another class, which pickles of protocol 2 name by ``getattr``."""
    return _inert(f"{getattr(owner, 'origin', '')}.{name}")


UNDERSTOOD: Mapping[tuple[str, str], Any] = MappingProxyType(
    {
        ("__builtin__", "getattr"): _Callable(_attribute),
        ("builtins", "getattr"): _Callable(_attribute),
        ("collections", "OrderedDict"): Items,
        ("torch", "Size"): _Callable(tuple),
        ("torch._utils", "_rebuild_tensor"): _Callable(_rebuild_tensor),
        ("torch._utils", "_rebuild_tensor_v2"): _Callable(_rebuild_tensor),
        ("torch._utils", "_rebuild_tensor_v3"): _Callable(_rebuild_tensor_v3),
        ("torch._utils", "_rebuild_parameter"): _Callable(_rebuild_parameter),
        ("torch._utils", "_rebuild_parameter_with_state"): _Callable(_rebuild_parameter),
        ("torch._tensor", "_rebuild_from_type_v2"): _Callable(_rebuild_from_type),
    }
)


@dataclass(frozen=True, slots=True)
class Unpickled:
    """What a pickle held.

    Attributes:
        tree: its object, with a `StoredTensor` for each tensor and `Inert` for what is unknown.
        foreign: the classes and functions, as ``module.name`` and sorted, that `Inert` stands for.
    """

    tree: Any
    foreign: tuple[str, ...]


def unpickle(data: bytes) -> Unpickled:
    """Return what a pickle holds; nothing of it is imported or run.

    Raises:
        pickle.UnpicklingError: the pickle is cut, damaged, of another kind or far too large.
    """
    try:
        _count_operations(data)
        unpickler = _Unpickler(io.BytesIO(data))
        return Unpickled(unpickler.load(), tuple(sorted(unpickler.inert.keys() - BESIDE_TENSORS)))
    except pickle.UnpicklingError:
        raise
    except Exception as error:  # a damaged pickle raises whatever its operations raise
        raise pickle.UnpicklingError(f"{type(error).__name__}: {error}") from error


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.inert: dict[str, type[Inert]] = {}

    def find_class(self, module: str, name: str, /) -> Any:
        """Return what stands for a global: nothing is ever imported."""
        if (module, name) in UNDERSTOOD:
            return UNDERSTOOD[module, name]
        if module in ("torch", "torch.storage") and name in STORAGE_DTYPES:
            return STORAGE_DTYPES[name]
        if module == "torch" and name in NUMBER_TYPES:
            return NUMBER_TYPES[name]
        origin = f"{module}.{name}"
        return self.inert.setdefault(origin, _inert(origin))

    def persistent_load(self, pid: Any, /) -> Storage:
        """Return the storage that a persistent id of ``torch.save`` names: (storage, type, key, device, length)."""
        match pid:
            case ("storage", NumberType() as dtype, str(key), str(), int(num_elements)) if num_elements >= 0:
                return Storage(key, dtype, num_elements)
            case _:
                raise pickle.UnpicklingError(f"a persistent id of another kind: {str(pid)[:80]}")


def _count_operations(data: bytes) -> None:
    """Refuse a pickle that would fill the memory: by many objects, by many that wait, or by one far place of them."""
    num_places, waiting = 0, _Waiting()
    for number, (operation, argument, _) in enumerate(pickletools.genops(data)):
        if number > MAX_OPERATIONS:
            raise pickle.UnpicklingError(f"more than {MAX_OPERATIONS} operations")
        waiting.count(operation)
        if "PUT" in operation.name or operation.name == "MEMOIZE":
            num_places += 1
            if isinstance(argument, int) and argument > num_places:
                raise pickle.UnpicklingError(f"place {argument} in a list of {num_places} objects")


class _Waiting:
    """How many objects wait on the stack of a pickle, and where its open marks stand among them."""

    def __init__(self) -> None:
        self.num_objects = 0
        self.marks: list[int] = []

    def count(self, operation: pickletools.OpcodeInfo) -> None:
        """Carry out what an operation does to the stack."""
        taken = operation.stack_before
        if operation.name == "MARK":
            self.marks.append(self.num_objects)
        elif pickletools.markobject in taken:  # it takes all above the mark, and what stands before it in the list
            below = self.marks.pop() if self.marks else 0
            self.num_objects = below - taken.index(pickletools.markobject)
        elif operation.name == "POP" and self.marks and self.marks[-1] == self.num_objects:
            self.marks.pop()  # as Python's unpickler does
            return
        else:
            self.num_objects -= len(taken)
        self.num_objects += len(operation.stack_after) - (operation.name == "MARK")
        if self.num_objects + len(self.marks) > MAX_STACK:
            raise pickle.UnpicklingError(f"more than {MAX_STACK} objects that wait to be put together")
