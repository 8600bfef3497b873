"""Train one small LLaVA with Hugging Face's Trainer, TRL's SFTTrainer, ms-swift and Doctor Sun, and compare them.

All rows take the same checkpoint, samples per step, trainable parts and threads. Every row is a process of its own; the
rows take turns, so that all meet the same state of the machine. On a control set, whose samples have one length and
fill one step, the losses of all rows must be equal: so all count the same tokens and take the same steps.
Run: python benchmarks/peers/run.py --data FOLDER [--cache FOLDER] [--out benchmarks/reports/peers.json]
FOLDER holds VQA-RAD's published files (trainset.json and images).
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

from environments import PINS, CannotInstallError, interpreter
from inputs import write_inputs

HERE = Path(__file__).parent
RATES = {"align": 1e-3, "instruct": 3e-4}
WARM_UP_STEPS = 3
LOSS_TOLERANCE = 2e-3
OWN = "doctor_sun"


@dataclass(frozen=True)
class Row:
    """One way to train."""

    program: str
    stage: str
    dtype: str = "fp32"
    group_by_length: bool = False
    workers: int = 0

    @property
    def name(self) -> str:
        """What the table calls it."""
        grouped, workers = "grouped by length" * self.group_by_length, f"{self.workers} workers" * bool(self.workers)
        return ", ".join(filter(None, (self.program, self.dtype, grouped, workers)))


class Bench:
    """Runs rows as processes of their own."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options = options
        self.folder = folder
        self.pythons: dict[str, Path] = {OWN: Path(sys.executable)}
        self.refusals: dict[str, str] = {}
        for peer in options.peers:
            try:
                self.pythons[peer] = interpreter(peer, options.cache)
            except CannotInstallError as error:
                self.refusals[peer] = str(error)

    def prepare(self) -> dict[str, Any]:
        """Make the inputs, and the stores that Doctor Sun reads."""
        facts = write_inputs(self.options.data, self.folder, self.options.samples_per_step)
        for name in ("mixed", "control"):
            command = [sys.executable, "-m", "doctorsun", "data", "import", "llava", str(self.folder / f"{name}.json")]
            command += ["--images", str(self.options.data / "images"), "--out", str(self.folder / "stores" / name)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 (ours)
        return facts

    def run(self, row: Row, data: str, steps: int) -> dict[str, Any]:
        """Train a row; return its facts, or ``error``."""
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            job = asdict(row) | {
                "checkpoint": str(self.folder / "checkpoint"),
                "data": str(self.folder / f"{data}.json"),
                "images": str(self.options.data / "images"),
                "store": str(self.folder / "stores" / data),
                "samples_per_step": self.options.samples_per_step,
                "threads": self.options.threads,
                "steps": steps,
                "lr": RATES[row.stage],
                "scratch": f"{scratch}/run",
                "result": f"{scratch}/result.json",
            }
            path = Path(scratch) / "job.json"
            path.write_text(json.dumps(job), encoding="utf-8")
            environment = os.environ | {"OMP_NUM_THREADS": str(self.options.threads), "TOKENIZERS_PARALLELISM": "false"}
            command = [str(self.pythons[row.program]), str(HERE / f"{row.program}.py"), str(path)]
            answer = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603 (ours)
            result = Path(job["result"])
            if answer.returncode or not result.exists():
                lines = answer.stderr.strip().splitlines() or ["no message"]
                return {"error": lines[-1][:300]}
            return json.loads(result.read_text(encoding="utf-8"))


def rates(facts: Mapping[str, Any]) -> dict[str, float]:
    """Return what a pass reached after the first steps."""
    steps = facts["steps"][WARM_UP_STEPS:]
    total = {key: sum(step[key] for step in steps) for key in steps[0]}
    return {
        "supervised_tokens_per_s": total["supervised"] / total["wall_s"],
        "supervised_tokens_per_cpu_s": total["supervised"] / total["cpu_s"],
        "tokens_per_s": total["tokens"] / total["wall_s"],
        "steps_per_s": len(steps) / total["wall_s"],
        "padding_share": 1 - total["tokens"] / total["padded"],
        "peak_memory_mib": facts["peak_memory_mib"],
        "start_s": facts["start_s"],
    }


def rows_of(programs: Iterable[str], dtypes: Iterable[str], workers: Iterable[int]) -> list[Row]:
    """Return all rows: of a peer with length grouping and without, and with each number of workers."""
    rows = []
    for stage in RATES:
        for dtype in dtypes:
            for program in programs:
                variants = [(False, n) for n in workers] + [(True, n) for n in workers]
                if program == OWN:
                    rows += [Row(OWN, stage, dtype)]
                else:
                    rows += [Row(program, stage, dtype, grouped, number) for grouped, number in variants]
    return rows


def measure(bench: Bench, rows: list[Row]) -> list[dict[str, Any]]:
    """Take turns: every row once, then those within reach of their stage's best peer, and ours, again."""
    options = bench.options
    passes: dict[Row, list[dict[str, float]]] = {row: [] for row in rows}
    errors: dict[Row, str] = {}
    for number in range(options.passes):
        for row in rows:
            if row in errors or (number and not _within_reach(row, passes, options.reach)):
                continue
            facts = bench.run(row, "mixed", options.steps)
            if "error" in facts:
                errors[row] = facts["error"]
                continue
            passes[row].append(rates(facts))
            sys.stderr.write(f"pass {number + 1} {row.stage:9} {row.name}: {_told(passes[row][-1])}\n")
    return [
        {**asdict(row), "name": row.name, "passes": len(passes[row]), "error": errors.get(row)}
        | ({key: statistics.median(each[key] for each in passes[row]) for key in passes[row][0]} if passes[row] else {})
        for row in rows
    ]


def _within_reach(row: Row, passes: Mapping[Row, list[dict[str, float]]], reach: float) -> bool:
    """Tell whether a row may be its stage's best: rows that were far behind in the first pass are not run again."""
    first = {r: p[0]["supervised_tokens_per_cpu_s"] for r, p in passes.items() if p and r.stage == row.stage}
    best = max((value for r, value in first.items() if r.program != OWN), default=0.0)
    return row.program == OWN or first.get(row, 0.0) >= reach * best


def control(bench: Bench, programs: Iterable[str]) -> list[dict[str, Any]]:
    """Return each program's losses on the control set in each precision, and how far they are from Doctor Sun's."""
    rows: list[dict[str, Any]] = []
    for stage, dtype in product(RATES, bench.options.dtypes):
        own: list[float] = []
        for program in (OWN, *(each for each in programs if each != OWN)):
            facts = bench.run(Row(program, stage, dtype), "control", bench.options.control_steps)
            losses = facts.get("losses", [])
            own = own or losses
            apart = max((abs(a - b) for a, b in zip(own, losses, strict=True)), default=None) if losses else None
            named = {"stage": stage, "dtype": dtype, "program": program}
            rows.append(named | {"losses": losses, "largest_difference": apart, "error": facts.get("error")})
            rows[-1] |= {"is_equal": apart is not None and apart <= LOSS_TOLERANCE}
            sys.stderr.write(f"control {stage:9} {dtype} {program}: {facts.get('error') or losses}\n")
    return rows


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Compare Doctor Sun with the best row of all peers, stage by stage."""
    found: dict[str, Any] = {}
    for stage in RATES:
        done = [row for row in rows if row["stage"] == stage and row["passes"]]
        ours = [row for row in done if row["program"] == OWN]
        peers = [row for row in done if row["program"] != OWN]
        if not ours or not peers:
            continue
        own = max(ours, key=lambda row: row["supervised_tokens_per_s"])
        best = max(peers, key=lambda row: row["supervised_tokens_per_s"])
        leanest = max(peers, key=lambda row: row["supervised_tokens_per_cpu_s"])
        found[stage] = {
            "best_peer": best["name"],
            "ratio": own["supervised_tokens_per_s"] / best["supervised_tokens_per_s"],
            "best_peer_by_processor_time": leanest["name"],
            "ratio_by_processor_time": own["supervised_tokens_per_cpu_s"] / leanest["supervised_tokens_per_cpu_s"],
            "memory_ratio": own["peak_memory_mib"] / best["peak_memory_mib"],
        }
    return found


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as a Markdown table."""
    head = (
        "| stage | row | passes | supervised tokens/s | per processor second | padding | peak MiB |\n"
        + "|---" * 7
        + "|"
    )
    lines = [
        f"| {row['stage']} | {row['name']} | {row['passes']} | {row['supervised_tokens_per_s']:.0f} |"
        f" {row['supervised_tokens_per_cpu_s']:.0f} | {row['padding_share']:.0%} | {row['peak_memory_mib']:.0f} |"
        if row["passes"]
        else f"| {row['stage']} | {row['name']} | 0 | {row['error']} | | | |"
        for row in sorted(rows, key=lambda row: (row["stage"], -row.get("supervised_tokens_per_s", 0.0)))
    ]
    return "\n".join([head, *lines])


def _told(facts: Mapping[str, float]) -> str:
    per_s, per_cpu_s = facts["supervised_tokens_per_s"], facts["supervised_tokens_per_cpu_s"]
    return f"{per_s:.0f} supervised tokens/s, {per_cpu_s:.0f} per processor second"


def told_argument(argument: str) -> str:
    """Return an argument as the report tells it: folders of the machine are its own affair."""
    return Path(argument).name if Path(argument).is_absolute() else argument


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of VQA-RAD's published files")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "doctorsun-peers", help="environments")
    parser.add_argument("--out", type=Path, help="report, JSON")
    parser.add_argument("--peers", nargs="*", choices=[*PINS], default=[*PINS])
    parser.add_argument("--dtypes", nargs="+", choices=["fp32", "bf16"], default=["fp32", "bf16"])
    parser.add_argument("--workers", nargs="+", type=int, default=[0, 2])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--samples-per-step", type=int, default=16)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--control-steps", type=int, default=10)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--reach", type=float, default=0.7, help="share of the best that a row must reach to run again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, Path(folder))
        inputs = bench.prepare()
        programs = list(bench.pythons)
        losses = control(bench, programs)
        rows = measure(bench, rows_of(programs, options.dtypes, options.workers))
    report = {
        "command": "python benchmarks/peers/run.py " + " ".join(map(told_argument, sys.argv[1:])),
        "machine": {"processor": processor(), "cores": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0]},
        "versions": {"python": platform.python_version(), "torch": version("torch"), "pins": PINS},
        "settings": {key: getattr(options, key) for key in ("threads", "samples_per_step", "steps", "passes", "reach")},
        "inputs": inputs,
        "not_installed": bench.refusals,
        "control": losses,
        "rows": rows,
        "summary": summary(rows),
    }
    if options.out:
        options.out.write_text(json.dumps(report, indent=2, default=str) + "\n", encoding="utf-8")
    sys.stdout.write(f"{table(rows)}\n{json.dumps(report['summary'], indent=2)}\n")
    if not all(row["is_equal"] for row in losses if not row["error"]):
        raise SystemExit("the losses on the control set differ: the rows do not train the same")


def processor() -> str:
    """Return the name of the processor and what it has for bf16."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    flags = next((line for line in lines if line.startswith("flags")), "")
    units = {"amx_bf16": "AMX", "avx512_bf16": "AVX-512 BF16, no AMX"}
    return f"{name} ({next((told for flag, told in units.items() if flag in flags), 'no bf16 unit')})"


if __name__ == "__main__":
    main()
