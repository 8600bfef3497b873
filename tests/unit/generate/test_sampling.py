import pytest
import torch
from torch import Tensor

from doctorsun.generate.sampling import choose, likeliest

SHARES = torch.tensor([0.1, 0.5, 0.25, 0.15])
DRAWS = (torch.arange(1000) + 0.5) / 1000


def chosen(draws: Tensor, *, temperature: float = 1.0, top_p: float = 1.0) -> list[int]:
    """Tokens chosen from SHARES, one per draw."""
    num = len(draws)
    logits = SHARES.log().expand(num, -1)
    ids, _ = choose(logits, torch.full((num,), temperature), torch.full((num,), top_p), draws)
    return ids.tolist()


def frequencies(tokens: list[int]) -> Tensor:
    return torch.bincount(torch.tensor(tokens), minlength=4) / len(tokens)


def test_temperature_0_takes_the_likeliest_token() -> None:
    assert set(chosen(DRAWS, temperature=0.0)) == {1}


def test_draws_follow_the_probabilities() -> None:
    assert torch.allclose(frequencies(chosen(DRAWS)), SHARES, atol=0.002)


def test_a_low_temperature_sharpens() -> None:
    squares = SHARES.square()
    assert torch.allclose(frequencies(chosen(DRAWS, temperature=0.5)), squares / squares.sum(), atol=0.002)


def test_top_p_keeps_the_fewest_tokens_that_reach_it() -> None:
    kept = {top_p: set(chosen(DRAWS, top_p=top_p)) for top_p in (0.5, 0.51, 0.8)}
    assert kept == {0.5: {1}, 0.51: {1, 2}, 0.8: {1, 2, 3}}


def test_the_greatest_draw_stays_inside_the_nucleus() -> None:
    almost_one = torch.tensor([1 - 2**-24])
    assert chosen(almost_one) == [0]
    assert chosen(almost_one, top_p=0.6) == [2]


def test_a_row_does_not_see_the_others() -> None:
    alone = chosen(torch.tensor([0.6]), temperature=0.7, top_p=0.9)
    crowd = torch.stack([SHARES.log().flip(0), SHARES.log(), SHARES.log() * 3])
    ids, _ = choose(crowd, torch.tensor([0.0, 0.7, 2.0]), torch.tensor([1.0, 0.9, 0.3]), torch.tensor([0.1, 0.6, 0.9]))
    assert ids.tolist() == [2, *alone, 1]


def test_logprobs_are_the_models_own() -> None:
    logits = SHARES.log()[None] + 7
    ids, logprobs = choose(logits, torch.tensor([0.5]), torch.tensor([0.9]), torch.tensor([0.99]))
    assert ids.tolist() == [2]
    assert torch.allclose(logprobs.exp(), torch.tensor([0.25]))


def test_the_likeliest_come_first_with_the_models_own_logprobs() -> None:
    logprobs, ids = likeliest(SHARES.log()[None] - 5, 3)
    assert ids.tolist() == [[1, 2, 3]]
    assert torch.allclose(logprobs.exp(), torch.tensor([[0.5, 0.25, 0.15]]))
    assert likeliest(SHARES.log()[None], 9)[1].tolist() == [[1, 2, 3, 0]]


@pytest.mark.parametrize(("temperature", "top_p"), [(1e-40, 1.0), (1.0, 1e-300), (1e-40, 1e-300)])
def test_the_least_settings_take_the_likeliest_token(temperature: float, top_p: float) -> None:
    assert set(chosen(DRAWS, temperature=temperature, top_p=top_p)) == {1}
