"""Keys and values of many sequences of different lengths, one row each."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from transformers.cache_utils import Cache

# Room is added in steps of this many, so that a growing batch or answer seldom moves the tensors.
_ROW_STEP = 8
_COLUMN_STEP = 64


@dataclass(frozen=True, slots=True)
class Aim:
    """Where the new states of some rows are written, and what these rows read.

    Attributes:
        rows: numbers of the rows.
        columns: where each of the new states is written.
        num_columns: how many columns are read, from the first on.
        reads: the rows again; a run of them from the first on is read as a view, any other choice has to be gathered.
    """

    rows: Int64[Tensor, " batch"]
    columns: Int64[Tensor, "batch length"]
    num_columns: int
    reads: slice | Tensor


class SlotCache(Cache):
    """A cache in which every sequence owns a row and starts at column 0 of it.

    Nothing is padded on the left and no row moves when others join or leave. Columns past a row's own length hold
    leftovers that the attention mask hides.
    """

    def __init__(self) -> None:
        super().__init__(layers=[])
        self._keys: list[Tensor] = []
        self._values: list[Tensor] = []
        self._aim = Aim(torch.zeros(0, dtype=torch.long), torch.zeros(0, 0, dtype=torch.long), 0, slice(0))
        self._room = (0, 0)

    def aim(self, rows: Sequence[int], columns: Int64[Tensor, "batch length"], num_columns: int) -> Aim:
        """Make room for ``rows`` that will be written at ``columns`` and read up to ``num_columns``."""
        self._room = self._with_room_for(max(rows) + 1, num_columns)
        numbers = torch.tensor(rows, device=columns.device)
        return Aim(numbers, columns, num_columns, slice(0, len(rows)) if [*rows] == [*range(len(rows))] else numbers)

    def use(self, aim: Aim) -> None:
        """Point the next updates at rows and columns."""
        self._aim = aim

    def update(
        self,
        key_states: Float[Tensor, "batch heads length head_dim"],
        value_states: Float[Tensor, "batch heads length head_dim"],
        layer_idx: int,
        *_args: object,
        **_kwargs: object,
    ) -> tuple[Tensor, Tensor]:
        """Write new states where the aim in use says, and return all that its rows may look at.

        Returns:
            Keys and values ``[batch, heads, num_columns, head_dim]``.
        """
        aim = self._aim
        if layer_idx == len(self._keys):
            self._keys.append(_no_rows_like(key_states))
            self._values.append(_no_rows_like(value_states))
        self._make_room(layer_idx)
        keys, values = self._keys[layer_idx], self._values[layer_idx]
        keys[aim.rows[:, None], :, aim.columns] = key_states.transpose(1, 2)
        values[aim.rows[:, None], :, aim.columns] = value_states.transpose(1, 2)
        return keys[aim.reads, :, : aim.num_columns], values[aim.reads, :, : aim.num_columns]

    def copy(self, source: int, target: int, num_columns: int) -> None:
        """Copy the first ``num_columns`` of one row over those of another, which may be a new one."""
        self._room = self._with_room_for(target + 1, num_columns)
        for layer in range(len(self._keys)):
            self._make_room(layer)
        for tensor in (*self._keys, *self._values):
            tensor[target, :, :num_columns] = tensor[source, :, :num_columns]

    def clear(self) -> None:
        """Give the memory back; every row is forgotten."""
        self._keys.clear()
        self._values.clear()
        self._room = (0, 0)

    def _with_room_for(self, num_rows: int, num_columns: int) -> tuple[int, int]:
        rows = -(-num_rows // _ROW_STEP) * _ROW_STEP
        columns = -(-num_columns // _COLUMN_STEP) * _COLUMN_STEP
        return max(self._room[0], rows), max(self._room[1], columns)

    def _make_room(self, layer: int) -> None:
        if (self._keys[layer].shape[0], self._keys[layer].shape[2]) != self._room:
            self._keys[layer] = _enlarged(self._keys[layer], *self._room)
            self._values[layer] = _enlarged(self._values[layer], *self._room)


def _enlarged(
    tensor: Float[Tensor, "rows heads columns head_dim"], num_rows: int, num_columns: int
) -> Float[Tensor, "more_rows heads more_columns head_dim"]:
    # Zeros and not empty memory: a hidden column has weight 0, and 0 times NaN would still be NaN.
    larger = tensor.new_zeros(num_rows, tensor.shape[1], num_columns, tensor.shape[3])
    larger[: tensor.shape[0], :, : tensor.shape[2]] = tensor
    return larger


def _no_rows_like(states: Float[Tensor, "batch heads length head_dim"]) -> Float[Tensor, "0 heads 0 head_dim"]:
    return states.new_zeros(0, states.shape[1], 0, states.shape[3])
