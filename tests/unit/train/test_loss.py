import torch

from doctorsun.train.loss import supervised_loss


def test_losses_of_the_parts_of_a_step_add_up_to_its_mean() -> None:
    generator = torch.Generator().manual_seed(0)
    logits, targets = torch.randn(7, 11, generator=generator), torch.randint(0, 11, (7,), generator=generator)
    parts = [supervised_loss(logits[a:b], targets[a:b], 7) for a, b in ((0, 2), (2, 7))]
    torch.testing.assert_close(sum(parts), torch.nn.functional.cross_entropy(logits, targets))


def test_the_loss_is_computed_in_single_precision() -> None:
    assert (
        supervised_loss(torch.zeros(2, 5, dtype=torch.bfloat16), torch.zeros(2, dtype=torch.int64), 2).dtype
        == torch.float32
    )
