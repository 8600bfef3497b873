import pytest
import torch

from doctorsun.weights.embedding import CHUNK, with_rows
from doctorsun.weights.lazy import LazyTensor
from doctorsun.weights.parts import LanguagePart
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.tensor_files import TensorHeader

EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"


def part(num_rows: int, *, tied: bool = False, dtype: NumberType = NumberType.FLOAT32) -> LanguagePart:
    def lazy(seed: int) -> LazyTensor:
        values = torch.randn(num_rows, 5, generator=torch.Generator().manual_seed(seed)).to(dtype.torch)
        return LazyTensor(TensorHeader(dtype, (num_rows, 5)), values.clone, (f"{seed}",))

    tensors = {EMBEDDING: lazy(1), HEAD: lazy(2), "model.norm.weight": lazy(3)}
    if tied:
        del tensors[HEAD]
    return LanguagePart(tensors=tensors, config={"vocab_size": num_rows}, tokenizer_folder=None)


@pytest.mark.parametrize("name", [EMBEDDING, HEAD])
@pytest.mark.parametrize("dtype", [NumberType.FLOAT32, NumberType.BFLOAT16])
def test_new_rows_are_the_mean_of_the_old_ones(name: str, dtype: NumberType) -> None:
    before = part(70, dtype=dtype).tensors[name].compute()
    grown = with_rows(part(70, dtype=dtype), 72)
    after = grown.tensors[name].compute()
    assert (after.shape, after.dtype) == ((128, 5), dtype.torch)
    assert grown.tensors[name].header == TensorHeader(dtype, (128, 5))
    assert grown.config["vocab_size"] == 128
    assert torch.equal(after[:70], before)
    mean = before.double().mean(0).to(dtype.torch)
    assert all(torch.equal(row, mean) for row in after[70:])


def test_other_tensors_stay_as_they_are() -> None:
    before = part(70)
    assert with_rows(before, 72).tensors["model.norm.weight"] is before.tensors["model.norm.weight"]


@pytest.mark.parametrize("num_ids", [60, 70])
def test_spare_rows_are_used_first(num_ids: int) -> None:
    before = part(70)
    assert with_rows(before, num_ids) is before


def test_a_tied_head_stays_tied() -> None:
    assert HEAD not in with_rows(part(70, tied=True), 72).tensors


def test_large_embeddings_are_summed_in_chunks() -> None:
    num_rows = 2 * CHUNK + 3
    after = with_rows(part(num_rows), num_rows + 1).tensors[EMBEDDING].compute()
    torch.testing.assert_close(after[-1].double(), after[:num_rows].double().mean(0), atol=1e-6, rtol=0)
