import torch

from doctorsun.generate.sampling import choose

LOGITS = torch.tensor([0.1, 0.5, 0.25, 0.15]).log()


def chosen(draw: float, *, temperature: float = 1.0, top_p: float = 1.0) -> int:
    ids, _ = choose(LOGITS[None], torch.tensor([temperature]), torch.tensor([top_p]), torch.tensor([draw]))
    return int(ids[0])


def test_temperature_0_takes_the_likeliest_token() -> None:
    assert {chosen(draw, temperature=0.0) for draw in (0.0, 0.5, 0.999)} == {1}


def test_draws_follow_the_probabilities() -> None:
    draws = [chosen(draw) for draw in torch.linspace(0, 0.999, 1000).tolist()]
    assert [round(draws.count(token) / 1000, 2) for token in range(4)] == [0.1, 0.5, 0.25, 0.15]


def test_a_low_temperature_sharpens() -> None:
    draws = [chosen(draw, temperature=0.5) for draw in torch.linspace(0, 0.999, 1000).tolist()]
    squares = torch.tensor([0.1, 0.5, 0.25, 0.15]).square()
    assert torch.allclose(torch.bincount(torch.tensor(draws)) / 1000, squares / squares.sum(), atol=0.002)


def test_top_p_keeps_the_fewest_tokens_that_reach_it() -> None:
    draws = torch.linspace(0, 0.9999, 500).tolist()
    assert {chosen(draw, top_p=0.5) for draw in draws} == {1}
    assert {chosen(draw, top_p=0.51) for draw in draws} == {1, 2}
    assert {chosen(draw, top_p=0.8) for draw in draws} == {1, 2, 3}


def test_the_greatest_draw_stays_inside_the_nucleus() -> None:
    almost_one = 1 - 2**-24
    assert chosen(almost_one) == 0
    assert chosen(almost_one, top_p=0.6) == 2


def test_a_row_does_not_see_the_others() -> None:
    alone = chosen(0.6, temperature=0.7, top_p=0.9)
    crowd = torch.stack([LOGITS.flip(0), LOGITS, LOGITS * 3])
    ids, _ = choose(crowd, torch.tensor([0.0, 0.7, 2.0]), torch.tensor([1.0, 0.9, 0.3]), torch.tensor([0.1, 0.6, 0.9]))
    assert ids.tolist() == [2, alone, 1]


def test_logprobs_are_the_models_own() -> None:
    ids, logprobs = choose(LOGITS[None] + 7, torch.tensor([0.5]), torch.tensor([0.6]), torch.tensor([0.99]))
    assert ids.tolist() == [2]
    assert torch.allclose(logprobs.exp(), torch.tensor([0.25]))
