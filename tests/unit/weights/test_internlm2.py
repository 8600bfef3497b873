import pytest
import torch

from checkpoints.internlm2 import INTERNLM2_CONFIG, internlm2_shapes
from checkpoints.llama import llama_shapes
from doctorsun.errors import WeightsError
from doctorsun.weights.internlm2 import llama_settings, llama_tensors
from doctorsun.weights.lazy import LazyTensor
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.tensor_files import TensorHeader


def numbered(shape: tuple[int, ...]) -> LazyTensor:
    """Return a tensor whose first column counts its rows."""
    count = torch.zeros(shape)
    count.view(shape[0], -1)[:, 0] = torch.arange(shape[0])
    return LazyTensor(TensorHeader(NumberType.FLOAT32, shape), count.clone, ("fused",))


@pytest.mark.parametrize("bias", [False, True])
def test_names_and_shapes_are_those_of_a_llama(*, bias: bool) -> None:
    config = {**INTERNLM2_CONFIG, "bias": bias}
    tensors = {name: numbered(shape) for name, shape in internlm2_shapes(config).items()}
    llama = llama_tensors(tensors, config, where="here")
    settings = llama_settings(config)
    assert {name: tensor.header.shape for name, tensor in llama.items()} == llama_shapes(settings)
    assert {name: tuple(tensor.compute().shape) for name, tensor in llama.items()} == llama_shapes(settings)


def test_each_key_value_head_lies_behind_the_queries_that_share_it() -> None:
    """Six heads of two rows, three queries to a key: rows 0-5 are queries, 6-7 the key, 8-9 the value, and again."""
    config = {"hidden_size": 12, "num_attention_heads": 6, "num_key_value_heads": 2}
    split = llama_tensors({"model.layers.3.attention.wqkv.bias": numbered((20,))}, config, where="here")
    rows = {name: [int(row) for row in tensor.compute()] for name, tensor in split.items()}
    assert rows == {
        "model.layers.3.self_attn.q_proj.bias": [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15],
        "model.layers.3.self_attn.k_proj.bias": [6, 7, 16, 17],
        "model.layers.3.self_attn.v_proj.bias": [8, 9, 18, 19],
    }
    assert all(tensor.sources == ("fused",) for tensor in split.values())


def test_settings_are_llamas_and_name_no_code() -> None:
    settings = llama_settings(INTERNLM2_CONFIG)
    assert settings["model_type"] == "llama"
    assert settings["attention_bias"] is False
    assert not settings.keys() & {"auto_map", "bias", "attn_implementation", "architectures"}
    assert settings["rope_scaling"] == {"factor": 2.0, "type": "dynamic"}


def test_a_folder_that_does_not_say_has_biases() -> None:
    assert llama_settings({name: INTERNLM2_CONFIG[name] for name in INTERNLM2_CONFIG if name != "bias"})[
        "attention_bias"
    ]


def test_rows_that_are_not_those_of_the_heads_are_refused() -> None:
    name = "model.layers.0.attention.wqkv.weight"
    with pytest.raises(WeightsError) as error:
        llama_tensors({name: numbered((72, 48))}, INTERNLM2_CONFIG, where="here")
    assert error.value.text() == (
        f"here: {name}: got 72 rows, expected 80 for 6 heads of queries and 2 of keys and values; "
        "check that the files belong together, and that nobody edited config.json"
    )
    with pytest.raises(WeightsError, match="got 80 rows, expected 96 for 6 heads of queries and 4 of keys and values"):
        llama_tensors({name: numbered((80, 48))}, {**INTERNLM2_CONFIG, "num_key_value_heads": 4}, where="here")


def test_other_names_stay() -> None:
    tensors = {"model.norm.weight": numbered((4,)), "head": numbered((4,))}
    assert llama_tensors(tensors, INTERNLM2_CONFIG, where="here") == tensors
