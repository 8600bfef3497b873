from pathlib import Path

from doctorsun.config.curation import Curation
from doctorsun.data.curate.examine import examine_shard, is_examined
from doctorsun.data.curate.inputs import Inputs
from doctorsun.data.curate.looks import Looks
from raw_store import NUM_SAMPLES, ROWS_PER_SHARD, TRADITIONAL, write_raw_store


def test_a_second_look_sees_words_as_steps_left_them_and_images_of_any_store(tmp_path: Path) -> None:
    stores = [write_raw_store(tmp_path / name, name=name, first=first) for name, first in (("a", 0), ("b", 1000))]
    inputs = Inputs([store.folder for store in stores])
    jobs = inputs.jobs(tmp_path / "out", Curation(), with_traces=False)
    assert len(inputs) == 2 * NUM_SAMPLES
    assert [job.first_place for job in jobs[5:8]] == [40, 44, 44 + ROWS_PER_SHARD]
    for job in (jobs[0], jobs[6]):
        assert not is_examined(job)
        examine_shard(job)
        assert is_examined(job)
    looks = Looks(inputs, jobs)
    assert "图像显示肺部没有异常。" in looks.words(TRADITIONAL)
    assert "肝脏轮廓清晰" in looks.words(NUM_SAMPLES + TRADITIONAL)
    assert looks.words(0).startswith("What does case 0 tell about the left lung?")
    assert looks.picture(NUM_SAMPLES + 1, 0) == stores[1][1].images[0].bytes
