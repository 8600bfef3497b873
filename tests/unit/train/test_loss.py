import torch

from doctorsun.train.loss import supervised_loss


def test_losses_of_the_parts_of_a_step_add_up_to_its_mean() -> None:
    losses = torch.randn(7, generator=torch.Generator().manual_seed(0))
    parts = [supervised_loss(losses[a:b], 7) for a, b in ((0, 2), (2, 7))]
    torch.testing.assert_close(sum(parts), losses.mean())
