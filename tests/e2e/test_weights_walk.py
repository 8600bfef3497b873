"""From every published layout to an answer, by the command line: inspect, import, inspect again, chat."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from real_command import doctorsun
from typer.testing import CliRunner

from checkpoints.clip import tower_config, write_tower, write_whole_clip
from checkpoints.enhanced_llava import write_enhanced_llava
from checkpoints.internlm2 import write_internlm2
from checkpoints.llama import write_llama2, write_llama3
from checkpoints.llava_hf import write_llava_hf
from checkpoints.llava_legacy import write_doctor_sun, write_llava_med, write_qilin_med_vl
from checkpoints.mistral import write_mistral
from checkpoints.mm_projector import write_mm_projector
from checkpoints.qwen2 import write_qwen2
from checkpoints.weight_files import write_json
from checkpoints.xtuner import XtunerTraining, write_converted, write_iteration, write_iteration_of_ranks
from doctorsun.cli.main import app
from doctorsun.cli.session import Session

QUESTION = "左肺有结节吗? Which organ is it?"


@dataclass(frozen=True, kw_only=True)
class Walk:
    """One layout on its way.

    Attributes:
        layout: what ``inspect`` calls it.
        write: writes the checkpoint to ``in`` and what else is needed beside it.
        given: options of the import, with the folder in place of ``{}``.
        source: the file or folder below ``in`` that is named.
        chat: the template of the result.
        how: what ``inspect`` says of it without options.
    """

    layout: str
    write: Callable[[Path], Any]
    given: str = ""
    source: str = "in"
    chat: str = "llama3"
    how: str = "import"


def beside(*writers: tuple[str, Callable[[Path], Any]]) -> Callable[[Path], None]:
    """Return what writes several checkpoints, each into a folder of its own."""

    def write(folder: Path) -> None:
        for name, writer in writers:
            writer(folder / name)

    return write


def with_tower_config(writer: Callable[[Path], Any]) -> Callable[[Path], None]:
    """Return what writes a checkpoint, and beside it the settings of its tower."""

    def write(folder: Path) -> None:
        writer(folder / "in")
        write_json(folder / "tower.json", tower_config())

    return write


def trained(writer: Callable[..., Any], **training: Any) -> Callable[[Path], None]:
    """Return what writes a checkpoint of xtuner."""
    return lambda path: writer(path, XtunerTraining(**training))


TOWER, LLAMA3 = ("clip", write_tower), ("llama", write_llama3)
HEADS, BASES = "--vision-config {}/tower.json", "--vision {}/clip --language {}/llama"
WALKS = {
    "doctor-sun": Walk(layout="llava_legacy", write=with_tower_config(write_doctor_sun), given=HEADS),
    "doctor-sun-rope": Walk(
        layout="llava_legacy", write=with_tower_config(write_doctor_sun), given=f"{HEADS} --rope-scaling llama3"
    ),
    "qilin-med-vl": Walk(
        layout="llava_legacy", write=beside(("in", write_qilin_med_vl), ("clip", write_whole_clip)),
        given="--vision {}/clip", chat="vicuna_v1",
    ),
    "llava-med": Walk(
        layout="llava_legacy", write=with_tower_config(write_llava_med), given=HEADS, chat="mistral_instruct"
    ),
    "llava-hf": Walk(layout="llava_hf", write=beside(("in", write_llava_hf))),
    "gmai-vl": Walk(
        layout="enhanced_llava", write=beside(("in", write_enhanced_llava)), chat="chatml", given="--dtype bfloat16"
    ),
    "xtuner-file": Walk(
        layout="xtuner_checkpoint", source="in/iter_9.pth", given=BASES,
        write=beside(("in/iter_9.pth", trained(write_iteration, tower="lora", language="lora")), TOWER, LLAMA3),
    ),
    "xtuner-ranks": Walk(
        layout="xtuner_checkpoint", source="in/iter_9.pth", given=BASES,
        write=beside(("in/iter_9.pth", trained(write_iteration_of_ranks, language="whole")), TOWER, LLAMA3),
    ),
    "xtuner-stage-1": Walk(
        layout="xtuner_checkpoint", source="in/iter_9.pth", given=BASES, how="part",
        write=beside(("in/iter_9.pth", trained(write_iteration)), TOWER, LLAMA3),
    ),
    "xtuner-folder": Walk(
        layout="xtuner_folder", given="--vision {}/clip",
        write=beside(("in", trained(write_converted, tower="lora", language="whole")), TOWER),
    ),
    "mm-projector": Walk(
        layout="mm_projector", given=BASES, how="part", write=beside(("in", write_mm_projector), TOWER, LLAMA3)
    ),
    "parts-llama-2": Walk(
        layout="clip", given="--projector {}/projector --language {}/llama --chat llama_2_chinese", how="part",
        write=beside(("in", write_whole_clip), ("projector", write_mm_projector), ("llama", write_llama2)),
        chat="llama_2_chinese",
    ),
    "parts-internlm2": Walk(
        layout="language_model", given="--projector {}/projector --vision {}/clip", how="part",
        write=beside(("in", write_internlm2), ("projector", write_mm_projector), TOWER), chat="chatml",
    ),
    "parts-qwen2": Walk(
        layout="language_model", given="--projector {}/projector --vision {}/clip", how="part",
        write=beside(("in", write_qwen2), ("projector", write_mm_projector), TOWER), chat="chatml",
    ),
    "parts-mistral": Walk(
        layout="language_model", given="--projector {}/projector --vision {}/clip", how="part",
        write=beside(("in", write_mistral), ("projector", write_mm_projector), TOWER), chat="mistral_instruct",
    ),
}  # fmt: skip


def called(*arguments: str | Path) -> str:
    done = CliRunner().invoke(app, [*map(str, arguments)], obj=Session("en"))
    assert done.exception is None, done.exception
    return done.stdout


@pytest.mark.parametrize("name", WALKS)
def test_a_published_layout_comes_to_an_answer(name: str, tmp_path: Path):
    walk, out = WALKS[name], tmp_path / "out"
    walk.write(tmp_path)
    before = json.loads(called("weights", "inspect", tmp_path / walk.source, "--json"))
    assert (before["layout"], before["loads"]["how"]) == (walk.layout, walk.how)
    called("weights", "import", tmp_path / walk.source, out, *walk.given.format(*[tmp_path] * 4).split())
    after = json.loads(called("weights", "inspect", out, "--json"))
    assert (after["layout"], after["loads"]["how"]) == ("llava_hf", "as it is")
    assert (after["chat"], after["left_over"], after["strange"]) == (walk.chat, {}, [])
    require_sums(out)
    answer = json.loads(called("chat", out, "--prompt", QUESTION, "--max-tokens", "2", "--json"))
    assert answer["prompt"] == QUESTION
    assert isinstance(answer["answer"], str)


def require_sums(folder: Path) -> None:
    """Require what ``sha256sum -c`` requires."""
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    files.pop("SHA256SUMS")
    assert listed == files


def test_the_real_command_imports_and_answers(tmp_path: Path):
    write_qilin_med_vl(tmp_path / "in")
    write_tower(tmp_path / "clip")
    made = doctorsun("weights", "import", tmp_path / "in", tmp_path / "out", "--vision", tmp_path / "clip")
    assert (made.status, made.errors) == (0, "")
    assert made.output.endswith(f"made; try it: doctorsun chat {tmp_path / 'out'}\n")
