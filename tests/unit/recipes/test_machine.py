import pytest
import torch

from doctorsun.recipes.machine import choose_precision, examine_machine, num_cores, place


@pytest.mark.parametrize(
    ("flags", "has_cuda_bf16", "precision", "reason"),
    [
        ({"amx_bf16", "avx512_bf16"}, False, "bf16", "AMX"),
        ({"avx512_bf16"}, False, "fp32", "AVX-512 BF16 but no AMX"),
        ({"avx2"}, False, "fp32", "no bf16 hardware"),
        (set(), True, "bf16", "GPU"),
    ],
)
def test_bf16_is_chosen_only_where_it_is_fast(
    flags: set[str], *, has_cuda_bf16: bool, precision: str, reason: str
) -> None:
    chosen, why = choose_precision("auto", has_cuda_bf16=has_cuda_bf16, flags=frozenset(flags))
    assert chosen == precision
    assert reason in why


def test_a_precision_that_is_asked_for_is_taken() -> None:
    chosen = choose_precision("bf16", has_cuda_bf16=False, flags=frozenset())
    assert chosen == ("bf16", "asked for by the recipe")


def test_the_machine_is_described() -> None:
    machine = examine_machine("fp32")
    assert machine.cores == num_cores() >= 1
    assert machine.memory_gib > 0.5
    assert machine.as_dict()["precision"] == "fp32"


def test_a_model_goes_where_the_machine_computes() -> None:
    layer = torch.nn.Linear(2, 3)
    place(layer)
    assert layer.weight.device.type == ("cuda" if torch.cuda.is_available() else "cpu")
