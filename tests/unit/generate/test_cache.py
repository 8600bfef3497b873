import torch
from torch import Tensor

from doctorsun.generate.cache import SlotCache


def write(cache: SlotCache, rows: list[int], columns: list[list[int]], num_columns: int, value: float) -> Tensor:
    """Write ``value`` plus the column everywhere (values: the negative) and return what may be read."""
    places = torch.tensor(columns)
    cache.use(cache.aim(rows, places, num_columns))
    states = (value + places.float())[:, None, :, None].expand(-1, 2, -1, 3)
    keys, values = cache.update(states, -states, 0)
    assert torch.equal(keys, -values)
    assert keys.shape == (len(rows), 2, num_columns, 3)
    return keys[:, 0, :, 0]


def test_every_row_is_written_at_its_own_columns() -> None:
    cache = SlotCache()
    write(cache, [0, 1], [[0, 1], [0, 1]], 2, 10)
    read = write(cache, [0, 1], [[2], [1]], 3, 50)
    assert read.tolist() == [[10, 11, 52], [10, 51, 0]]


def test_rows_can_be_read_in_any_order() -> None:
    cache = SlotCache()
    write(cache, [0, 1, 2], [[0], [0], [0]], 1, 5)
    assert write(cache, [2, 0], [[1], [1]], 2, 20).tolist() == [[5, 21], [5, 21]]
    assert write(cache, [1], [[1]], 2, 30).tolist() == [[5, 31]]


def test_growth_keeps_what_was_written_and_fills_with_zeros() -> None:
    cache = SlotCache()
    write(cache, [0], [[0, 1]], 2, 10)
    read = write(cache, [0, 40], [[2], [0]], 200, 20)
    assert read[0, :4].tolist() == [10, 11, 22, 0]
    assert read[1, :2].tolist() == [20, 0]
    assert read[:, 4:].abs().max() == 0


def test_copy_reaches_rows_that_do_not_exist_yet() -> None:
    cache = SlotCache()
    write(cache, [0], [[0, 1, 2]], 3, 10)
    cache.copy(0, 90, 2)
    assert write(cache, [90], [[2]], 3, 50).tolist() == [[10, 11, 52]]


def test_clear_forgets() -> None:
    cache = SlotCache()
    write(cache, [0], [[0, 1]], 2, 10)
    cache.clear()
    assert write(cache, [0], [[1]], 2, 20).tolist() == [[0, 21]]
