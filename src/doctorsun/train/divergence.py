"""When a stage does not learn but falls apart: its loss is far above its best, or mostly no number."""

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

from doctorsun.errors import DataError

WINDOW_STEPS = 20
TIMES_BEST = 3.0
ABOVE_BEST = 1.0
MAX_BAD_SHARE = 0.5


class Divergence:
    """Watches the mean loss of the last 20 steps.

    The stage stops where that mean is above three times its lowest value so far plus 1, or where half of the 20 steps
    had no finite loss or gradient. At the start, where there are fewer steps, the lowest value is that of the steps
    so far; nothing stops before there are 20.

    Args:
        stage: name of the stage.
    """

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.recent: deque[float] = deque(maxlen=WINDOW_STEPS)
        self.best = math.inf
        self.best_step = 0

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps, as JSON: None stands for a loss that is no number."""
        recent = [loss if math.isfinite(loss) else None for loss in self.recent]
        return {"recent": recent, "best": self.best if math.isfinite(self.best) else None, "best_step": self.best_step}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Take over what the processes before had seen."""
        self.recent.extend(math.nan if loss is None else loss for loss in state["recent"])
        self.best = math.inf if state["best"] is None else state["best"]
        self.best_step = state["best_step"]

    def count(self, done: int, loss: float, *, is_finite: bool) -> None:
        """Take the loss of a step.

        Args:
            done: steps done, this one included.
            loss: of the step.
            is_finite: its loss and its gradient are numbers.

        Raises:
            DataError: the loss diverges.
        """
        self.recent.append(loss if is_finite else math.nan)
        finite = [each for each in self.recent if math.isfinite(each)]
        num_bad = len(self.recent) - len(finite)
        is_full = len(self.recent) == WINDOW_STEPS
        if is_full and num_bad >= MAX_BAD_SHARE * WINDOW_STEPS:
            raise self._error(done, f"no finite loss or gradient in {num_bad} of the last {WINDOW_STEPS} steps", "all")
        if not finite:
            return
        mean = sum(finite) / len(finite)
        bound = TIMES_BEST * self.best + ABOVE_BEST
        if is_full and mean > bound:
            best = f"below {bound:.3g}: its best was {self.best:.3g}, at step {self.best_step}"
            raise self._error(done, f"a mean loss of {mean:.3g} over {WINDOW_STEPS} steps", best)
        if mean < self.best:
            self.best, self.best_step = mean, done

    def _error(self, done: int, got: str, expected: str) -> DataError:
        return DataError(
            f"stage {self.stage} diverged and was stopped after step {done}",
            got=got,
            expected=expected,
            do="lower its learning rate or lengthen its warmup_share, and train it in another --out",
        )
