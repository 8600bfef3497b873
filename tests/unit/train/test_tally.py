import pytest
import torch

from doctorsun.storage.store import Store
from doctorsun.train.loss import supervised_loss
from doctorsun.train.plan import Origin, Pool, StagePlan
from doctorsun.train.tally import LossTally, means_by, measure_means

ORIGINS = (Origin("phantom", "en"), Origin("phantom", "zh"), Origin("shapes", "en"), Origin("shapes", "zh"))


def test_losses_are_added_up_by_origin_without_a_graph() -> None:
    tally = LossTally(3, torch.device("cpu"))
    losses = torch.tensor([1.0, 2.0, 4.0], requires_grad=True)
    tally.add(torch.tensor([0, 2, 2]), losses)
    tally.add(torch.tensor([2]), torch.tensor([8.0]), torch.tensor([5]))
    assert tally.losses.tolist() == [1, 0, 14]
    assert tally.targets.tolist() == [1, 0, 7]
    assert not tally.losses.requires_grad


def test_means_are_per_target_and_leave_out_what_has_none() -> None:
    losses, targets = [6.0, 2.0, 1.0, 0.0], [3.0, 1.0, 4.0, 0.0]
    assert means_by("source", ORIGINS, losses, targets) == {"phantom": 2.0, "shapes": 0.25}
    assert means_by("language", ORIGINS, losses, targets) == {"en": 1.0, "zh": 2.0}
    assert means_by("source", ORIGINS[2:], [0.0, 0.0], [0.0, 0.0]) == {}


def test_measures_are_added_up_and_told_as_means() -> None:
    tally = LossTally(1, torch.device("cpu"), 2)
    tally.add_measures(torch.tensor([[1.0, -2.0], [0.0, 8.0]], requires_grad=True))
    tally.add_measures(torch.tensor([[1.0, 0.0]]))
    assert tally.measures.tolist() == [2.0, 6.0]
    assert not tally.measures.requires_grad
    assert measure_means(("share", "margin"), [2.0, 6.0], 4) == {"share": 0.5, "margin": 1.5}
    assert measure_means(("share", "margin"), [0.0, 0.0], 0) == {}


def test_the_loss_and_its_gradient_are_the_same_with_a_tally() -> None:
    generator = torch.Generator().manual_seed(0)
    origins = torch.tensor([0, 0, 1, 1, 1, 2, 0])
    plain = torch.randn(7, generator=generator).requires_grad_()
    told = plain.detach().clone().requires_grad_()
    tally = LossTally(3, torch.device("cpu"))
    expected, loss = supervised_loss(plain, 9), supervised_loss(told, 9, origins=origins, tally=tally)
    expected.backward()
    loss.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    assert plain.grad is not None
    assert told.grad is not None
    assert torch.equal(plain.grad, told.grad)
    assert tally.targets.tolist() == [3, 3, 1]
    assert tally.losses.sum().item() / 9 == pytest.approx(loss.item(), rel=1e-6)


def test_origins_are_the_sources_of_the_recipe_by_language(images_store: Store, texts_store: Store) -> None:
    pools = [Pool.select("scans", images_store), Pool.select("documents", texts_store)]
    plan = StagePlan(pools, [0.5, 0.5], batch_samples=4, num_steps=1, seed=1)
    names = [tuple(origin) for origin in plan.origins]
    assert names == sorted(names)
    assert {source for source, _ in names} == {"scans", "documents"}
    assert plan.origins[plan.origin(0, "zh")] == ("scans", "zh")
