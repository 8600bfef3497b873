"""Tensors of what ``torch.save`` wrote (``.bin``, ``.pth``, ``.pt``): no code of the file runs, nothing is whole."""

import pickle
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doctorsun.errors import WeightsError
from doctorsun.weights.tensors.byte_range import COPY_AGAIN, fill_from, first_bytes, read_bytes
from doctorsun.weights.tensors.tensor_files import TensorHeader
from doctorsun.weights.tensors.torch_pickle import MAX_PICKLE_BYTES, Storage, StoredTensor, unpickle

if TYPE_CHECKING:
    from torch import Tensor

ZIP_MAGIC, PICKLE_MAGIC = b"PK\x03\x04", b"\x80"
LOCAL_HEADER = struct.Struct("<26xHH")
"""The fixed part of a record's own header: lengths of its name and of its extra field, at bytes 26 and 28."""
STATE_DICT_KEYS = ("state_dict", "module")
"""Where checkpoints of training (mmengine, DeepSpeed) keep the tensors of the network."""
MAX_DEPTH = 16
NO_CHECKSUM = 0
"""What stands in place of a checksum after ``torch.serialization.set_crc32_options(False)``."""


@dataclass(frozen=True, slots=True)
class TorchArchive:
    """A sound ``torch.save`` archive.

    Attributes:
        path: the file.
        tree: the object that was saved, with a `StoredTensor` for each tensor; what is no tensor, number, text or
            plain container is `Inert`.
        records: the stored record of each storage, by its key.
        foreign: the classes and functions that it names besides tensors, sorted; none is run.
    """

    path: Path
    tree: Any
    records: Mapping[str, zipfile.ZipInfo]
    foreign: tuple[str, ...]

    def read(self, tensor: StoredTensor, name: str) -> "Tensor":
        """Return a tensor of the tree, read now: the bytes from its first to its last number, and no others.

        Args:
            tensor: where it lies.
            name: what messages call it.

        Raises:
            WeightsError: the file is cut or damaged, or the tensor repeats its numbers without end.
        """
        import torch

        header = tensor.header
        record = self.find(tensor.storage)
        if header.size_bytes > record.file_size:
            got = f"a tensor of {header.size_bytes} bytes that repeats {record.file_size}"
            raise WeightsError(f"{self.path}", got=got, expected="tensors that are stored whole", do="save it again")
        numbers = torch.empty(tensor.num_spanned, dtype=header.dtype.torch)
        self.read_into(numbers, tensor, name)
        return numbers.as_strided(header.shape, tensor.stride).contiguous()

    def read_into(self, numbers: "Tensor", tensor: StoredTensor, name: str, first: int = 0) -> None:
        """Fill ``[n]`` with numbers that lie one after the other in the file, from the tensor's first plus ``first``.

        Where they are the whole record, they must have its checksum, if the archive has any; a piece of a record that
        several tensors share has none of its own.

        Raises:
            WeightsError: the file is cut or damaged.
        """
        import torch

        record, content = self.find(tensor.storage), numbers.view(torch.uint8)
        start = (tensor.offset + first) * numbers.itemsize
        fill_from(self.path, _contents_start(self.path, record) + start, content)
        if len(content) == record.file_size and record.CRC != NO_CHECKSUM:
            self._require_checksum(zlib.crc32(content.numpy().data), record.CRC, name)

    def _require_checksum(self, got: int, expected: int, name: str) -> None:
        if got != expected:
            what, says = f"{self.path}: tensor {name}", f"{expected:08x}, as the archive says"
            raise WeightsError(what, got=f"bytes with the CRC-32 {got:08x}", expected=says, do=COPY_AGAIN)

    def find(self, storage: Storage) -> zipfile.ZipInfo:
        """Return the record of a storage.

        Raises:
            WeightsError: it is missing, compressed, encrypted or too short.
        """
        record = self.records.get(storage.key)
        expected_bytes = storage.num_elements * storage.dtype.itemsize
        if record is None:
            got = "no such record"
        elif record.compress_type != zipfile.ZIP_STORED or record.flag_bits & 1:
            got = "a compressed or encrypted record"
        elif record.file_size < expected_bytes:
            got = f"{record.file_size} bytes"
        else:
            return record
        what = f"{self.path}: storage {storage.key}"
        raise WeightsError(what, got=got, expected=f"{expected_bytes} stored bytes", do=COPY_AGAIN)


@dataclass(frozen=True, slots=True)
class TorchFile:
    """The tensors of an archive by their names.

    Attributes:
        archive: the file.
        tensors: where each lies.
        headers: every tensor, in the order of the file.
    """

    archive: TorchArchive
    tensors: Mapping[str, StoredTensor]
    headers: Mapping[str, TensorHeader]

    @property
    def foreign(self) -> tuple[str, ...]:
        """The classes and functions that the file names besides tensors."""
        return self.archive.foreign

    def read(self, name: str) -> "Tensor":
        """Return one tensor, read now.

        Raises:
            WeightsError: the file is cut or damaged.
        """
        return self.archive.read(self.tensors[name], name)


def open_torch(path: Path) -> TorchFile:
    """Read which tensors a ``torch.save`` file holds; the contents stay on the disk.

    Of a checkpoint of training, the tensors under ``state_dict`` (mmengine) or ``module`` (DeepSpeed) are taken.
    Names inside nested dictionaries are joined by dots; what is no tensor is passed over.

    Raises:
        WeightsError: the file is damaged, of another kind, or holds no tensors.
    """
    archive = read_pickled(path)
    tensors = dict(_named_tensors(path, _state_dict(archive.tree)))
    if not tensors:
        raise WeightsError(f"{path}", got="no tensors", expected="the weights of a network", do="name another file")
    for tensor in tensors.values():
        archive.find(tensor.storage)
    return TorchFile(archive, tensors, {name: tensor.header for name, tensor in tensors.items()})


def read_pickled(path: Path) -> TorchArchive:
    """Read the object that ``torch.save`` wrote, with placeholders for tensors; nothing of the file runs.

    Source: ``torch/serialization.py`` of PyTorch (``_save``), whose archive is a zip of stored records.

    Raises:
        WeightsError: the file is cut, damaged, hostile, from a big-endian machine or from before PyTorch 1.6.
    """
    _check_kind(path)
    try:
        with zipfile.ZipFile(path) as archive:
            records = _records_by_name(path, archive)
            _check_byte_order(path, archive, records)
            unpickled = unpickle(_pickle_bytes(path, archive, records))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise WeightsError(f"{path}", got=str(error), expected="a whole torch.save archive", do=COPY_AGAIN) from error
    except pickle.UnpicklingError as error:
        expected = "tensors in plain dictionaries"
        raise WeightsError(f"{path}", got=str(error), expected=expected, do="take safetensors instead") from error
    storages = {name.removeprefix("data/"): info for name, info in records.items() if name.startswith("data/")}
    return TorchArchive(path, unpickled.tree, storages, unpickled.foreign)


def _check_kind(path: Path) -> None:
    magic = first_bytes(path, len(ZIP_MAGIC))
    if magic == ZIP_MAGIC:
        return
    if magic.startswith(PICKLE_MAGIC):
        again = f"torch.save(torch.load({path.name!r}, map_location='cpu', weights_only=True), {path.name!r})"
        raise WeightsError(
            f"{path}",
            got="a bare pickle",
            expected="the archive that torch.save writes since 1.6",
            do=f"save it again in Python, if you trust it: {again}",
        )
    raise WeightsError(f"{path}", got="another kind of file", expected="a torch.save archive", do=COPY_AGAIN)


def _records_by_name(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the records by their names below the archive's one folder."""
    folder = archive.filelist[0].filename.partition("/")[0] if archive.filelist else ""
    records = {info.filename.removeprefix(f"{folder}/"): info for info in archive.filelist}
    if len(records) != len(archive.filelist):
        got, expected = "two records of one name", "names that stand once"
    elif "data.pkl" not in records:
        got, expected = "a zip file without data.pkl", "a torch.save archive"
    elif "constants.pkl" in records:
        got, expected = "a TorchScript program", "weights alone"
    else:
        return records
    raise WeightsError(f"{path}", got=got, expected=expected, do="name another file")


def _check_byte_order(path: Path, archive: zipfile.ZipFile, records: Mapping[str, zipfile.ZipInfo]) -> None:
    if "byteorder" not in records:
        return  # before PyTorch 2.1 nobody wrote it
    order = _content(path, archive, records["byteorder"], most_bytes=16)
    if order != b"little":
        got = f"byte order {order.decode(errors='replace')!r}"
        raise WeightsError(f"{path}", got=got, expected="'little'", do="save it again on a little-endian machine")


def _pickle_bytes(path: Path, archive: zipfile.ZipFile, records: Mapping[str, zipfile.ZipInfo]) -> bytes:
    size = records["data.pkl"].file_size
    if size > MAX_PICKLE_BYTES:
        expected = f"at most {MAX_PICKLE_BYTES} bytes beside the tensors"
        raise WeightsError(f"{path}", got=f"{size}", expected=expected, do="save the state_dict alone")
    return _content(path, archive, records["data.pkl"], most_bytes=MAX_PICKLE_BYTES)


def _content(path: Path, archive: zipfile.ZipFile, record: zipfile.ZipInfo, *, most_bytes: int) -> bytes:
    """Return the beginning of a record; the library would take the lack of a checksum for a wrong one."""
    if record.CRC == NO_CHECKSUM and record.compress_type == zipfile.ZIP_STORED:
        return read_bytes(path, _contents_start(path, record), min(record.file_size, most_bytes))
    with archive.open(record) as file:
        return file.read(most_bytes)


def _contents_start(path: Path, record: zipfile.ZipInfo) -> int:
    """Return where the contents of a record begin; its own header may be longer than the archive's list says."""
    header = read_bytes(path, record.header_offset, LOCAL_HEADER.size)
    return record.header_offset + LOCAL_HEADER.size + sum(LOCAL_HEADER.unpack(header))


def _state_dict(tree: Any) -> Any:
    if isinstance(tree, dict):
        for key in STATE_DICT_KEYS:
            if isinstance(tree.get(key), dict):
                return tree[key]
    return tree


def _named_tensors(path: Path, tree: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, StoredTensor]]:
    if isinstance(tree, StoredTensor):
        yield prefix, tree
    elif isinstance(tree, dict):
        if depth == MAX_DEPTH:
            expected = f"at most {MAX_DEPTH} dictionaries within each other"
            raise WeightsError(f"{path}", got="more", expected=expected, do="save the state_dict alone")
        for key, value in tree.items():
            yield from _named_tensors(path, value, f"{prefix}.{key}" if prefix else f"{key}", depth + 1)
