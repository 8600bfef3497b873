from doctorsun.bench.machine import second_process_gain


def test_two_processes_compute_something_beside_one() -> None:
    assert 0 < second_process_gain(seconds=0.05) < 100
