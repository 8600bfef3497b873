from dataclasses import replace

import pyarrow as pa

from doctorsun.data.curate.examine import CHANGED_SCHEMA
from doctorsun.data.curate.kept_rows import kept_rows, regrouped
from doctorsun.schema import Image, Message, Sample, Source, text_part
from doctorsun.storage.sample_row import sample_row
from doctorsun.storage.store_schema import SAMPLE_SCHEMA, rows_to_table
from doctorsun.storage.store_writer import IMAGE_BYTES_PER_GROUP, ROWS_PER_GROUP


def sample(number: int) -> Sample:
    image = Image(bytes=bytes([number]), sha256=str(number), width=1, height=1)
    message = Message(role="assistant", content=(text_part(f"old {number}"),))
    return Sample(id=str(number), messages=(message,), images=(image,), source=Source(dataset="d"))


def test_kept_rows_have_their_new_words_splits_and_old_images() -> None:
    table = rows_to_table([sample_row(sample(number)) for number in range(4)])
    newer = replace(sample(2), messages=(Message(role="assistant", content=(text_part("new"),)),))
    changed = pa.Table.from_pylist([sample_row(newer) | {"place": 102, "changed_by": ["x"]}], schema=CHANGED_SCHEMA)
    decided = pa.table({"split": ["train", None, "test", "validation"], "reason": [None, "blank", None, None]})
    kept = kept_rows(table, 100, decided, changed)
    assert kept.schema == SAMPLE_SCHEMA
    rows = kept.to_pylist()
    assert [row["id"] for row in rows] == ["0", "2", "3"]
    assert [row["messages"][0]["content"][0]["text"] for row in rows] == ["old 0", "new", "old 3"]
    assert [row["source"]["split"] for row in rows] == ["train", "test", "validation"]
    assert [row["images"][0]["bytes"] for row in rows] == [b"\x00", b"\x02", b"\x03"]


def test_small_tables_become_row_groups_and_keep_their_order() -> None:
    tables = [pa.table({"n": list(range(start, start + 30))}) for start in range(0, 150, 30)]
    groups = list(regrouped([*tables, tables[0].slice(0, 0)]))
    assert [len(group) for group in groups] == [60, 60, 30]
    assert all(len(group) <= ROWS_PER_GROUP for group in groups)
    assert [n for group in groups for n in group["n"].to_pylist()] == list(range(150))


def test_large_images_make_small_groups() -> None:
    large = pa.table({"data": [bytes(IMAGE_BYTES_PER_GROUP // 2 + 1)]})
    assert [len(group) for group in regrouped([large] * 3)] == [1, 1, 1]


def test_nothing_makes_no_group() -> None:
    assert list(regrouped([pa.table({"n": pa.array([], pa.int64())})])) == []
