import os
import pickle
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch

from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.torch_pickle import MAX_OPERATIONS, MAX_STACK, UNDERSTOOD, Inert, unpickle


class Runs:
    """What an attacker would save: making it again calls a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.call


def as_global(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def test_nothing_runs(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    data = pickle.dumps({"a": Runs(os.system, f"touch {marker}"), "b": Runs(os.getcwd)})
    unpickled = unpickle(data)
    tree = unpickled.tree
    assert not marker.exists()
    assert unpickled.foreign == (f"{os.getcwd.__module__}.getcwd", f"{os.system.__module__}.system")
    assert isinstance(tree["a"], Inert)
    assert tree["a"].origin == f"{os.system.__module__}.system"
    assert tree["a"].arguments == (f"touch {marker}",)
    pickle.loads(data)  # noqa: S301 (the attack itself works)
    assert marker.exists()


@pytest.mark.parametrize(
    "name",
    [
        ("builtins", "eval"), ("builtins", "setattr"), ("builtins", "exec"), ("torch", "load"), ("torch", "hub"),
        ("torch", "nn.Linear"), ("torch.storage", "_load_from_bytes"), ("torch", "Size.__class__"),
        ("collections", "OrderedDict.__class__"), ("torch._utils", "_rebuild_sparse_tensor"), ("numpy", "dtype"),
    ],
)  # fmt: skip
def test_every_other_global_is_inert(name: tuple[str, str]) -> None:
    for protocol in (2, 4):
        strings = b"".join(b"\x8c" + bytes([len(part)]) + part.encode() for part in name)
        lookup = as_global(*name) if protocol == 2 else strings + b"\x93"
        called = unpickle(b"\x80" + bytes([protocol]) + lookup + b"(K\x01tR.").tree
        assert isinstance(called, Inert)
        assert called.origin == ".".join(name)


def test_inert_objects_take_whatever_a_pickle_does_to_them() -> None:
    inert = as_global("some.where", "Thing")
    made = b"\x80\x02" + inert + b")\x81"  # NEWOBJ
    state, items = b"}X\x01\x00\x00\x00xK\x01sb", b"(K\x01K\x02u"
    appended, extended, added = b"K\x01a", b"(K\x01K\x02e", b"(K\x01\x90"
    thing = unpickle(made + state + items + appended + extended + added + b".").tree
    assert isinstance(thing, Inert)
    assert vars(thing) == {"arguments": ()}


class Outer:
    class Inner:
        """A class within a class."""


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_objects_of_any_class_are_inert(protocol: int) -> None:
    tree = {"set": {1}, "bytes": b"a", "path": Path("a"), "inner": Outer.Inner(), "error": ValueError("a"), "n": 10**30}
    read = unpickle(pickle.dumps(tree, protocol)).tree
    assert list(read) == list(tree)
    assert read["n"] == 10**30
    assert isinstance(read["inner"], Inert)
    assert read["inner"].origin == f"{__name__}.Outer.Inner"


def test_an_attribute_is_never_looked_up() -> None:
    getter = unpickle(b"\x80\x02" + as_global("__builtin__", "getattr") + b".").tree
    assert getter(os, "system").origin == ".system"
    assert issubclass(getter("", "__class__"), Inert)


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_a_pickle_cannot_change_what_is_understood(name: tuple[str, str]) -> None:
    before = repr(UNDERSTOOD[name]), dict(vars(type(UNDERSTOOD[name])))
    slots = b"N}X\x0c\x00\x00\x00__defaults__K\x01s\x86b"  # the state (None, {"__defaults__": 1})
    with pytest.raises(pickle.UnpicklingError):
        unpickle(b"\x80\x02" + as_global(*name) + slots + b".")
    assert (repr(UNDERSTOOD[name]), dict(vars(type(UNDERSTOOD[name])))) == before


@pytest.mark.parametrize("name", ["float16", "HalfStorage"])
@pytest.mark.parametrize("state", [b"}X\x08\x00\x00\x00itemsizeK\x01s", b"N}X\x08\x00\x00\x00itemsizeK\x01s\x86"])
def test_a_pickle_cannot_change_a_type(name: str, state: bytes) -> None:
    with pytest.raises(pickle.UnpicklingError, match="'NoneType' object is not callable"):
        unpickle(b"\x80\x02" + as_global("torch", name) + state + b"b.")
    assert NumberType.FLOAT16.itemsize == 2


def test_a_size_is_a_tuple() -> None:
    assert unpickle(pickle.dumps(torch.Size((2, 3)), 2)).tree == (2, 3)


def storage(length: object, dtype: str = "FloatStorage") -> bytes:
    """Return the pickle of a persistent id, as ``torch.save`` writes it."""
    first, last = b"(X\x07\x00\x00\x00storage" + as_global("torch", dtype), b"X\x01\x00\x00\x000X\x03\x00\x00\x00cpu"
    return first + last + (number(length) if isinstance(length, int) else b"X\x01\x00\x00\x00x") + b"tQ"


def number(value: int) -> bytes:
    return b"\x8a\x08" + struct.pack("<q", value)


def tensor(stored: bytes, offset: int, size: list[int], stride: list[int]) -> bytes:
    pairs = [b"(" + b"".join(map(number, each)) + b"t" for each in (size, stride)]
    rebuild = as_global("torch._utils", "_rebuild_tensor_v2")
    return b"\x80\x02" + rebuild + b"(" + stored + number(offset) + b"".join(pairs) + b"\x89}tR."


def test_a_tensor_is_a_placeholder() -> None:
    placeholder = unpickle(tensor(storage(12), 2, [2, 5], [5, 1])).tree
    assert placeholder.header.shape == (2, 5)
    assert placeholder.num_spanned == 10


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (tensor(storage(12), 3, [2, 5], [5, 1]), "a tensor that ends 52 bytes into a shorter storage"),
        (tensor(storage(12), 0, [2**40], [1]), "into a shorter storage"),
        (tensor(storage(12), -1, [2], [1]), "a tensor with offset, size and stride"),
        (tensor(storage(12), 0, [-2], [1]), "a tensor with offset, size and stride"),
        (tensor(storage(12), 0, [2], [-1]), "a tensor with offset, size and stride"),
        (tensor(storage(12), 0, [2, 2], [1]), "a tensor whose parts do not fit together"),
        (tensor(b"K\x01", 0, [2], [1]), "a tensor whose parts do not fit together"),
        (tensor(storage(-1), 0, [0], [1]), "a persistent id of another kind"),
        (tensor(storage("x"), 0, [0], [1]), "a persistent id of another kind"),
        (tensor(storage(4, "QInt8Storage"), 0, [2], [1]), "a persistent id of another kind"),
        (b"\x80\x02X\x06\x00\x00\x00moduleQ.", "a persistent id of another kind: module"),
        (b"Pmodule\n.", "a persistent id of another kind: module"),
        (b"", "ValueError: pickle exhausted before seeing STOP"),
        (b"\x80\x02}", "ValueError: pickle exhausted before seeing STOP"),
        (b"\x80\x02}X\xff\xff\xff\x7fab.", "ValueError: expected 2147483647 bytes"),
        (b"\x80\x02a.", "underflow"),
        (b"\x80\xff.", "unsupported pickle protocol"),
        (b"\x80\x05\x97.", "buffer"),
        (b"\x80\x02\x82\x01.", "unregistered extension code"),
        (b"\x80\x02NR.", "underflow"),
        (b"\x80\x02NN\x86R.", "underflow"),
    ],
)
def test_what_is_damaged_or_hostile_is_an_error(data: bytes, says: str) -> None:
    with pytest.raises(pickle.UnpicklingError, match=f"(?i){says}"):
        unpickle(data)


def test_a_tensor_with_a_type_of_its_own_is_read() -> None:
    rebuild = UNDERSTOOD["torch._utils", "_rebuild_tensor_v3"]
    stored = unpickle(b"\x80\x02" + storage(12, "UntypedStorage") + b".").tree
    assert rebuild(stored, 0, (3, 2), (2, 1), False, OrderedDict(), NumberType.UINT16).header.dtype == NumberType.UINT16
    with pytest.raises(pickle.UnpicklingError, match="a tensor that ends 14 bytes into a shorter storage"):
        rebuild(stored, 1, (3, 2), (2, 1), False, OrderedDict(), NumberType.UINT16)
    with pytest.raises(pickle.UnpicklingError, match="a tensor of type uint16"):
        rebuild(stored, 1, (3, 2), (2, 1), False, OrderedDict(), "uint16")


def test_a_tensor_of_a_foreign_class_is_its_tensor() -> None:
    from_type = UNDERSTOOD["torch._tensor", "_rebuild_from_type_v2"]
    stored = unpickle(b"\x80\x02" + storage(12) + b".").tree
    rebuild = UNDERSTOOD["torch._utils", "_rebuild_tensor_v2"]
    assert from_type(rebuild, Inert, (stored, 0, (3,), (1,)), {}).header.shape == (3,)
    assert isinstance(from_type(os.system, Inert, ("true",), {}), Inert)


def test_a_pickle_that_fills_the_memory_is_refused() -> None:
    with pytest.raises(pickle.UnpicklingError, match=f"more than {MAX_OPERATIONS} operations"):
        unpickle(b"\x80\x02" + b"]0" * (MAX_OPERATIONS // 2 + 1) + b".")
    with pytest.raises(pickle.UnpicklingError, match="place 2147483646 in a list of 1 objects"):
        unpickle(b"\x80\x02]r" + struct.pack("<I", 2**31 - 2) + b".")


@pytest.mark.parametrize("object_", [b"(", b"]", b"(]", b"]2", b"(0]"])
def test_a_pickle_of_what_waits_for_ever_is_refused_early(object_: bytes) -> None:
    with pytest.raises(pickle.UnpicklingError, match=f"more than {MAX_STACK} objects that wait to be put together"):
        unpickle(b"\x80\x02" + object_ * (MAX_STACK + 1))


@pytest.mark.parametrize("protocol", [2, 4])
def test_what_is_put_together_no_longer_waits(protocol: int) -> None:
    numbers, pairs = list(range(MAX_STACK + 1)), {index: (index, [index]) for index in range(MAX_STACK // 10)}
    assert unpickle(pickle.dumps(numbers, protocol)).tree == numbers
    assert unpickle(pickle.dumps(pairs, protocol)).tree == pairs
    assert unpickle(b"\x80\x02" + b"(]1" * MAX_STACK + b"].").tree == []
