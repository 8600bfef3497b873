import json
import os
import signal
from pathlib import Path

import pytest
from rich.console import Console

from doctorsun.errors import Interrupted, RecipeError
from doctorsun.recipes.run import LiveReport, run_stage, stoppable


def test_a_stage_that_the_recipe_does_not_have_is_refused(tmp_path: Path) -> None:
    expected = "no stage 'instrct' in micro: expected one of vision-pretrain, pretrain, align, deep-align, instruct"
    with pytest.raises(RecipeError, match=expected):
        run_stage("micro", "instrct", out=tmp_path / "run", console=Console())
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_the_work_as_an_interruption_that_can_go_on(tmp_path: Path, number: signal.Signals) -> None:
    before = signal.getsignal(signal.SIGTERM)
    expected = r"the run in .* was stopped; run the same command again to go on"
    with pytest.raises(Interrupted, match=expected), stoppable(tmp_path):
        os.kill(os.getpid(), number)
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_report_of_a_run_that_goes_on_is_written_after_each_stage_and_not_at_each_step(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"recipe_name": "made", "recipe": {}}))
    report, page = LiveReport(tmp_path, "en"), tmp_path / "report.html"
    report.event({"event": "stage_start", "stage": "align"})
    page.unlink()
    report.event({"event": "step", "stage": "align", "step": 1})
    assert not page.exists()
    report.event({"event": "stage_end", "stage": "align"})
    assert page.exists()
