"""Curation as a whole: what is kept, what is told of what goes, and what may not change the store's bytes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from doctorsun.config.curation import Curation, Licences
from doctorsun.data.curate.curate import curate
from doctorsun.data.curate.inputs import Inputs
from doctorsun.data.curate.runners.runner import Phase, Runner, open_runner
from doctorsun.data.curate.shard_job import WORK, ShardJob
from doctorsun.data.curate.tally import CURATION
from doctorsun.errors import DataError
from doctorsun.storage.only_writer import one_writer
from doctorsun.storage.store import Store, StoreWriter
from raw_store import NUM_NON_COMMERCIAL, NUM_SAMPLES, TRADITIONAL, write_raw_store

STRICT = Curation()
LENIENT = Curation(licences=Licences(allowed=("permissive", "attribution", "non-commercial")))


@dataclass
class Interrupted:
    """A runner that carries out so many jobs, and then fails."""

    left: int

    def __call__(self, phase: Phase, jobs: Sequence[ShardJob]) -> Iterator[None]:
        for job in jobs:
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
            yield phase(job)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_raw_store(tmp_path_factory.mktemp("raw") / "raw").folder


def run(raw: Path | Sequence[Path], out: Path, settings: Curation = STRICT, runner: Runner | None = None) -> Store:
    folders = [raw] if isinstance(raw, Path) else raw
    with open_runner("local", 1) as usual:
        return curate(Inputs(folders), out, settings, runner=runner or usual, on_progress=lambda *_: None)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_sample_is_kept_or_listed_with_its_reason(raw: Path, tmp_path: Path) -> None:
    store = run(raw, tmp_path / "out")
    manifest = store.manifest
    assert (manifest.read, manifest.dropped) == (NUM_SAMPLES, NUM_NON_COMMERCIAL)
    assert manifest.kept == len(store) == NUM_SAMPLES - NUM_NON_COMMERCIAL
    (reason,) = manifest.dropped_reasons
    first = next(store.dropped())
    assert first == {"original_id": "raw/8 (raw-8)", "reason": reason, "detail": first["detail"]}
    store.verify()


def test_the_manifest_tells_what_the_store_is_made_from_and_how(raw: Path, tmp_path: Path) -> None:
    manifest = run(raw, tmp_path / "out", LENIENT).manifest
    assert manifest.name == "raw"
    assert manifest.parents == (Store(raw).sha256,)
    steps = {step["step"]: step for step in manifest.steps}
    assert list(steps)[:3] == ["write", "curate", "licences"]
    assert steps["curate"]["sources"] == [{"store": "raw", "sha256": Store(raw).sha256, "samples": NUM_SAMPLES}]
    assert steps["licences"]["allowed"] == ["permissive", "attribution", "non-commercial"]
    assert manifest.counts["images"].keys() <= {"complete", "none"}
    assert manifest.counts["split"].keys() <= {"train", "validation", "test"}
    assert sum(manifest.counts["split"].values()) == NUM_SAMPLES


def test_a_shard_of_which_nothing_is_left_is_not_written(raw: Path, tmp_path: Path) -> None:
    out = run(raw, tmp_path / "out").folder
    assert sorted(path.name for path in (out / "shards").iterdir()) == [f"0000{n}.parquet" for n in (0, 2, 3, 4, 5)]
    assert (out / "dropped/00001.parquet").exists()
    assert not (out / WORK).exists()


def test_words_change_and_images_do_not(raw: Path, tmp_path: Path) -> None:
    store, old = run(raw, tmp_path / "out"), Store(raw)
    assert store[TRADITIONAL].messages[1].text == "图像显示肺部没有异常。"
    assert old[TRADITIONAL].messages[1].text == "圖像顯示肺部沒有異常。"
    assert [sample.images for sample in store] == [old[int(sample.source.original_id)].images for sample in store]
    assert '"simplified": 1' in (store.folder / CURATION).read_text()


def test_the_bytes_depend_on_neither_workers_nor_the_name_of_the_folder(raw: Path, tmp_path: Path) -> None:
    one = run(raw, tmp_path / "one").folder
    with open_runner("local", 2) as runner:
        two = run(raw, tmp_path / "another=name", runner=runner).folder
    assert content(one) == content(two)


def test_stores_follow_one_another(raw: Path, tmp_path: Path) -> None:
    more = write_raw_store(tmp_path / "more", name="more", first=1000).folder
    store = run((raw, more), tmp_path / "out", LENIENT)
    assert store.manifest.name == "raw + more"
    assert len(store) == 2 * NUM_SAMPLES
    assert [sample.source.dataset for sample in store] == ["raw"] * NUM_SAMPLES + ["more"] * NUM_SAMPLES


def test_an_interrupted_curation_goes_on_and_gives_the_same_bytes(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for num_jobs in (0, 1, 3, 5, 2):
        with pytest.raises(KeyboardInterrupt):
            run(raw, out, runner=Interrupted(num_jobs))
        with pytest.raises(DataError, match=r"out is not a complete store: .* it goes on where it stopped"):
            Store(out)
    run(raw, out)
    assert content(out) == content(run(raw, tmp_path / "whole").folder)


def test_a_complete_store_is_left_as_it_is(raw: Path, tmp_path: Path) -> None:
    before = content(run(raw, tmp_path / "out").folder)
    assert content(run(raw, tmp_path / "out", runner=Interrupted(0)).folder) == before


def test_a_store_of_other_settings_is_not_touched(raw: Path, tmp_path: Path) -> None:
    run(raw, tmp_path / "out")
    before = content(tmp_path / "out")
    with pytest.raises(
        DataError, match=r"out is the complete store of other settings .*: got another 'licences' now, "
    ):
        run(raw, tmp_path / "out", LENIENT)
    assert content(tmp_path / "out") == before


def test_one_that_was_begun_with_other_settings_is_not_gone_on_with(raw: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(raw, tmp_path / "out", runner=Interrupted(2))
    with pytest.raises(DataError, match=r"out was begun with other settings or sources: got another 'licences' now, "):
        run(raw, tmp_path / "out", LENIENT)


def test_a_folder_of_other_things_is_not_written_to(raw: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/notes.txt").write_text("mine")
    with pytest.raises(DataError, match=r"out: got something that is already there, expected a new folder; name "):
        run(raw, tmp_path / "out")


def test_two_cannot_write_one_store(raw: Path, tmp_path: Path) -> None:
    with one_writer(tmp_path / "out", "curation"), pytest.raises(DataError, match=r"another curation is writing .*out"):
        run(raw, tmp_path / "out")


def test_stores_without_samples_are_refused(tmp_path: Path) -> None:
    with StoreWriter(tmp_path / "empty", name="empty", step={}):
        pass
    with pytest.raises(DataError, match="nothing to curate: got stores without samples; name a store that holds some"):
        run(tmp_path / "empty", tmp_path / "out")


def test_a_damaged_shard_is_named(tmp_path: Path) -> None:
    raw = write_raw_store(tmp_path / "raw").folder
    shard = raw / "shards/00002.parquet"
    shard.write_bytes(shard.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"shard .*raw/shards/00002.parquet is damaged"):
        run(raw, tmp_path / "out")


def test_damaged_work_is_named(raw: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(raw, tmp_path / "out", runner=Interrupted(6))
    (tmp_path / "out" / WORK / "changed/00000.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"changed/00000.parquet: .* expected a file of this curation; remove the new "):
        run(raw, tmp_path / "out")


def test_progress_is_told_in_rows_of_all_shards_and_then_in_shards(tmp_path: Path) -> None:
    raw = write_raw_store(tmp_path / "raw")
    told: dict[str, list[tuple[int, int]]] = {}
    with open_runner("local", 1) as runner:
        curate(
            Inputs([raw.folder]),
            tmp_path / "out",
            Curation(),
            runner=runner,
            on_progress=lambda phase, *numbers: told.setdefault(phase, []).append(numbers),
        )
    assert list(told) == ["examine", "decide", "write"]
    assert (told["examine"][0], told["examine"][-1]) == ((0, len(raw)), (len(raw), len(raw)))
    assert told["write"] == [(number, 6) for number in range(7)]
