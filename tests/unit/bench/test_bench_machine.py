from doctorsun.bench.machine import matmul_ceiling_tflops


def test_ceiling_is_a_plausible_speed() -> None:
    assert 1e-6 < matmul_ceiling_tflops("float32", size=64, seconds=0.01) < 1e4
