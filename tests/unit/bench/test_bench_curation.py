"""Speed, memory and scaling of curation."""

from dataclasses import replace

import numpy as np
import pytest

from doctorsun.bench.curation import CuratedRun, generated_pairs, measure_curation, projection
from doctorsun.image.raster import decode

RUN = CuratedRun(cpu_s={"examine": 20.0, "decide": 1.0, "write": 5.0}, wall_s=30, peak_memory_mib=512, kept=1000)


def test_every_generated_pair_has_a_picture_and_words_of_its_own() -> None:
    pairs = list(generated_pairs(20, 48))
    assert len({sample.images[0].sha256 for sample in pairs}) == len({sample.messages for sample in pairs}) == 20
    assert {np.asarray(decode(sample.images[0].bytes or b"")).shape for sample in pairs} == {(48, 48, 3)}


def test_shards_are_shared_out_among_cores_and_deciding_is_not() -> None:
    many = replace(RUN, cpu_s=RUN.cpu_s | {"decide": 36.0}, peak_memory_mib=512 + 99)
    foretold = projection(RUN, 1000, RUN, many, 100_000)
    assert foretold["shards"] == 1343
    assert foretold["hours_of_deciding"] == pytest.approx(55 * 36 / 3600)
    shard_h = 25 / 1000 * 4096 / 3600
    assert foretold["hours_on_1_cores"] == pytest.approx(1343 * shard_h + 0.55)
    assert foretold["hours_on_64_cores"] == pytest.approx(21 * shard_h + 0.55)
    assert foretold["hours_on_512_cores"] == pytest.approx(3 * shard_h + 0.55)
    assert foretold["memory_gib_of_deciding"] == pytest.approx(5500 / 1024 + 0.5)
    assert len(foretold["assumptions"]) == 3


@pytest.mark.slow  # it starts four processes
def test_curations_of_generated_pairs_are_timed() -> None:
    facts = measure_curation(num_pairs=40, num_more=50)
    assert (facts["pairs"], facts["kept"], facts["more_pairs"]) == (40, 40, 50)
    assert facts["image_steps_pairs_per_cpu_s"] > facts["all_steps_pairs_per_cpu_s"] > 0
    assert set(facts["cpu_s"]) == {"examine", "decide", "write"}
    assert facts["projection"]["hours_on_1_cores"] > facts["projection"]["hours_on_512_cores"] > 0
