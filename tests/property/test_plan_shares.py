import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doctorsun.storage.store import Store
from doctorsun.train.plan import Pool, StagePlan
from small_model import assistant, sample, write_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("plan")
    return write_store(folder / "store", [sample(str(number), assistant("A lung.")) for number in range(3)])


@settings(max_examples=50)
@given(weights=st.lists(st.integers(1, 50), min_size=1, max_size=6), batch=st.integers(1, 40))
def test_steps_are_full_and_every_pool_is_within_a_few_samples_of_its_share(
    store: Store, weights: list[int], batch: int
) -> None:
    shares = [weight / sum(weights) for weight in weights]
    plan = StagePlan([Pool.select("made", store)] * len(weights), shares, batch_samples=batch, num_steps=4, seed=0)
    before = plan.taken(0)
    assert sum(before) == 0
    for step in range(1, 40):
        now = plan.taken(step)
        assert sum(now) == batch * step
        assert all(new >= old for new, old in zip(now, before, strict=True))
        assert all(abs(count - share * batch * step) < 1.5 for count, share in zip(now, shares, strict=True))
        before = now
