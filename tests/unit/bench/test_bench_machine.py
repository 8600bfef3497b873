from doctorsun.bench.machine import matmul_ceiling_tflops, second_process_gain


def test_ceiling_is_a_plausible_speed() -> None:
    assert 1e-6 < matmul_ceiling_tflops("float32", size=64, seconds=0.01) < 1e4


def test_two_processes_compute_something_beside_one() -> None:
    assert 0 < second_process_gain(seconds=0.05) < 100
