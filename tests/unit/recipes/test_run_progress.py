import io

from rich.console import Console

from doctorsun.recipes.progress import RunProgress, too_long_line

START = {"event": "stage_start", "stage": "align", "stage_index": 1, "num_stages": 4, "num_steps": 6, "first_step": 2}


def shown(width: int = 120) -> tuple[RunProgress, io.StringIO]:
    written = io.StringIO()
    return RunProgress(Console(file=written, width=width)), written


def step(number: int, tokens: int = 100) -> dict[str, object]:
    return {"event": "step", "stage": "align", "step": number, "loss": 1.25, "supervised_tokens": tokens, "step_s": 0.5}


def test_a_stage_is_told_at_its_first_and_last_step() -> None:
    progress, written = shown()
    with progress.shown():
        for event in (START, *(step(number) for number in range(3, 7))):
            progress.event(event)
    first, last = written.getvalue().splitlines()
    assert first.startswith("stage 2/4 align  3/6  loss 1.250  200 supervised tokens/s")
    assert last.startswith("stage 2/4 align  6/6  ")


def test_a_loss_that_is_no_number_is_told_as_such() -> None:
    progress, written = shown()
    progress.event(START)
    progress.event(step(3) | {"loss": None, "not_finite": {"loss": "NaN"}})
    assert written.getvalue().startswith("stage 2/4 align  3/6  loss not finite  200 supervised tokens/s")


def test_labels_are_not_called_tokens() -> None:
    progress, written = shown()
    progress.event(START)
    progress.event({"event": "step", "stage": "align", "step": 3, "loss": 0.5, "labels": 90, "step_s": 0.5})
    assert written.getvalue().startswith("stage 2/4 align  3/6  loss 0.500  180 labels/s")


def test_pairs_are_called_pairs_and_what_is_measured_before_them_is_told() -> None:
    progress, written = shown()
    progress.event({"event": "reference", "stage": "align", "done": 3, "num_steps": 3})
    progress.event(START)
    progress.event({"event": "step", "stage": "align", "step": 3, "loss": 0.5, "pairs": 4, "step_s": 0.5})
    first, second = written.getvalue().splitlines()
    assert first.startswith("start of align  3/3")
    assert second.startswith("stage 2/4 align  3/6  loss 0.500  8 pairs/s")


def test_stores_and_evaluations_are_told_when_they_are_done() -> None:
    progress, written = shown()
    progress.store("phantom/train", 24, 24)
    progress.evaluation("phantom", "blank", 128, 128)
    lines = written.getvalue().splitlines()
    assert lines[0].startswith("data phantom/train  24/24")
    assert lines[1].startswith("eval phantom blank  128/128")


def test_work_of_unknown_size_is_counted() -> None:
    progress, written = shown()
    progress.store("vqa-rad/train", 7, None)
    assert written.getvalue().startswith("data vqa-rad/train  7  ")


def test_warnings_stand_whole_between_the_lines() -> None:
    progress, written = shown(width=20)
    progress.event({"event": "warning", "text": "step 3 of align had no finite gradient: [sample-1]"})
    assert written.getvalue() == "warning: step 3 of align had no finite gradient: [sample-1]\n"


def test_samples_that_are_too_long_are_told_at_the_end_of_a_stage() -> None:
    lengths = {"samples": 1200, "shortened": 34, "too_long": 5}
    assert too_long_line(lengths) == "of 1,200 samples, 34 lost their last turns and 5 were left out as too long"
    assert too_long_line({**lengths, "shortened": 0, "too_long": 0}) == too_long_line({}) == ""
