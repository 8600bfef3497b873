"""What a run says while it works: one live line per piece of work, plain lines where there is no terminal."""

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from doctorsun.recipes.realised import ratio_lines

PLAIN_LINE_EVERY_S = 10.0
_TARGETS = ("labels", "pairs", "supervised_tokens")


@dataclass(slots=True)
class _Work:
    """One piece of work that is shown."""

    task: TaskID
    started: float = field(default_factory=time.monotonic)
    last_line: float = 0.0
    targets: int = 0
    seconds: float = 0.0


class RunProgress:
    """Shows data, stages and evaluation on a console.

    Args:
        console: where to; a live bar on a terminal, a line every ten seconds elsewhere.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bars = Progress(
            TextColumn("{task.description:<24}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[facts]}"),
            TimeRemainingColumn(compact=True),
            console=console,
            disable=not console.is_terminal,
            transient=False,
        )
        self.works: dict[str, _Work] = {}

    @contextmanager
    def shown(self) -> Generator["RunProgress"]:
        """Show the bars while the block runs."""
        with self.bars:
            yield self

    def say(self, text: str | Text) -> None:
        """Print one line above the bars; brackets in it are only brackets."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def store(self, name: str, done: int, total: int | None) -> None:
        """Report items of a store; ``total`` is None where it is not known before."""
        self._advance(f"data {name}", done, total, "")

    def event(self, record: dict[str, Any]) -> None:
        """Report an event of the training diary."""
        kind, stage = record["event"], record.get("stage", "")
        if kind == "stage_start":
            label = f"stage {record['stage_index'] + 1}/{record['num_stages']} {stage}"
            work = self._work(label, record["num_steps"])
            self.works[stage] = work
            self.bars.update(work.task, completed=record["first_step"])
            for line in ratio_lines(record.get("realised", ())):
                self.say(f"{stage}: {line}")
        elif kind == "step":
            work = self.works[stage]
            targets = next(name for name in _TARGETS if name in record)
            work.targets += record[targets]
            work.seconds += record["step_s"]
            rate = f"{work.targets / max(work.seconds, 1e-9):,.0f} {targets.replace('_', ' ')}/s"
            loss = "not finite" if record["loss"] is None else f"{record['loss']:.3f}"
            self._show(work, record["step"], f"loss {loss}  {rate}")
        elif kind == "reference":
            self._advance(f"start of {stage}", record["done"], record["num_steps"], "")
        elif kind == "note":
            self.say(record["text"])
        elif kind == "stage_end" and (line := too_long_line(record.get("lengths", {}))):
            self.say(f"{stage}: {line}")
        elif kind == "warning":
            self.say(Text.assemble(("warning", "yellow"), f": {record['text']}"))

    def evaluation(self, task: str, control: str, done: int, total: int) -> None:
        """Report answered questions."""
        self._advance(f"eval {task} {control}", done, total, "")

    def _advance(self, label: str, done: int, total: int | None, facts: str) -> None:
        if label not in self.works:
            self.works[label] = self._work(label, total)
        self._show(self.works[label], done, facts)

    def _work(self, label: str, total: int | None) -> _Work:
        return _Work(self.bars.add_task(label, total=total, facts=""))

    def _show(self, work: _Work, done: int, facts: str) -> None:
        self.bars.update(work.task, completed=done, facts=facts)
        if self.console.is_terminal:
            return
        now = time.monotonic()
        bar = self.bars.tasks[self.bars.task_ids.index(work.task)]
        if done == bar.total or now - work.last_line >= PLAIN_LINE_EVERY_S:
            work.last_line = now
            total = "" if bar.total is None else f"/{bar.total:g}"
            self.say(f"{bar.description}  {done}{total}  {facts}  {now - work.started:.0f} s".replace("    ", "  "))


def too_long_line(lengths: Mapping[str, int]) -> str:
    """Say how many samples of a stage were longer than it takes; nothing where none was."""
    shortened, too_long = lengths.get("shortened", 0), lengths.get("too_long", 0)
    if not (shortened or too_long):
        return ""
    lost = f"{shortened:,} lost their last turns and {too_long:,} were left out as too long"
    return f"of {lengths['samples']:,} samples, {lost}"
