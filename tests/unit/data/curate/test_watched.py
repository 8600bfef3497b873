"""How far the shards in work are, told while one waits for them."""

from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from doctorsun.config.curation import Curation
from doctorsun.data.curate.shard_job import ShardJob
from doctorsun.data.curate.watched import note_rows, rows_noted, told_meanwhile
from doctorsun.schema import Shard


@pytest.fixture
def job(tmp_path: Path) -> ShardJob:
    shard = Shard(path="shards/00000.parquet", num_rows=9, size_bytes=1, sha256="")
    return ShardJob(0, tmp_path, shard, 0, tmp_path / "out", Curation())


def test_notes_of_all_shards_are_added_and_missing_or_damaged_ones_count_as_none(job: ShardJob):
    others = [replace(job, number=number) for number in (1, 2)]
    assert rows_noted([job, *others]) == 0
    note_rows(job, 3)
    note_rows(job, 5)
    note_rows(others[0], 4)
    others[1].file("progress").write_text("")
    assert rows_noted([job, *others]) == 9


def test_a_disk_that_takes_no_note_stops_nothing(job: ShardJob):
    job.out.write_text("a file where the folder would be")
    note_rows(job, 3)
    assert rows_noted([job]) == 0


def test_it_is_told_while_the_block_waits_and_not_afterwards():
    told = Event()
    with told_meanwhile(told.set, every_s=0.001):
        assert told.wait(60)
    told.clear()
    assert not told.is_set()


def test_an_error_in_the_block_goes_through():
    with pytest.raises(ValueError, match="block"), told_meanwhile(lambda: None):
        raise ValueError("block")
