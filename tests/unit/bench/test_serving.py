import math
from pathlib import Path
from typing import Any

import pytest

from backend_fakes import ScriptedBackend
from doctorsun.bench.serving import Load, measure_serving, measure_url, percentile
from doctorsun.errors import MachineError
from serve_fakes import serving
from small_model import save_small

LOAD = Load(num_streams=2, num_requests=4, num_passes=1, max_tokens=4)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small(tmp_path_factory.mktemp("small") / "weights", fit="pad")


def check(row: dict[str, Any]) -> None:
    assert (row["requests"], row["errors"], row["reasons"]) == (4, 0, "")
    assert row["tokens_per_s"] > 0
    assert 0 < row["ttft_p50_ms"] <= row["ttft_p99_ms"]
    assert 0 <= row["goodput"] <= 1


def test_our_server_answers_all_requests(weights: Path) -> None:
    facts = measure_serving(weights, LOAD)
    (row,) = facts["servers"]
    assert row["server"] == "doctorsun"
    check(row)
    assert "comparison" not in facts


@pytest.mark.slow
def test_both_servers_do_the_same_work(weights: Path) -> None:
    facts = measure_serving(weights, LOAD, with_peer=True)
    assert [row["server"] for row in facts["servers"]] == ["doctorsun", "transformers", "transformers, 1 thread"]
    for row in facts["servers"]:
        check(row)
    comparison = facts["comparison"]
    # Random weights write half characters, which the other server leaves out where an answer ends with one.
    assert (comparison["answers"], comparison["tokens"], comparison["their_tokens"]) == (4, 16, 16)
    assert comparison["met"] == (comparison["times_as_fast"] >= 4)


def test_a_folder_that_the_server_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    weights = save_small(tmp_path / "weights")
    (weights / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(MachineError, match="server to measure"):
        measure_serving(weights, LOAD)


def test_an_address_without_a_server_is_told() -> None:
    with pytest.raises(MachineError, match="ends with /v1"):
        measure_url("http://127.0.0.1:1/v1", LOAD)


def test_an_address_that_ends_with_the_host_is_asked_below_v1() -> None:
    backend = ScriptedBackend()
    with serving(backend.app()) as url:
        (row,) = measure_url(url, LOAD)["servers"]
    assert (row["requests"], row["errors"], row["reasons"]) == (4, 0, "")


def test_a_server_without_a_list_of_models_is_told_by_its_status() -> None:
    with serving(ScriptedBackend().app()) as url, pytest.raises(MachineError) as fault:
        measure_url(f"{url}/elsewhere", LOAD)
    assert fault.value.got == "status 404"


def test_percentiles_are_values_that_were_seen() -> None:
    assert math.isnan(percentile([], 99))
    assert [percentile([3.0, 1.0, 2.0, 4.0], percent) for percent in (50, 75, 99)] == [2.0, 3.0, 4.0]
