"""From every published layout to an answer, by the command line: inspect, import, inspect again, chat."""

import hashlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
import torch
from real_command import ENVIRONMENT, doctorsun
from typer.testing import CliRunner

from checkpoints.clip import tower_config, write_tower, write_whole_clip
from checkpoints.enhanced_llava import write_enhanced_llava
from checkpoints.internlm2 import write_internlm2
from checkpoints.llama import write_llama2, write_llama3
from checkpoints.llava_hf import write_llava_hf
from checkpoints.llava_legacy import write_doctor_sun, write_llava_med, write_qilin_med_vl
from checkpoints.mistral import write_mistral
from checkpoints.mm_projector import write_mm_projector
from checkpoints.peft import adapter_tensors, write_adapter
from checkpoints.qwen2 import write_qwen2
from checkpoints.weight_files import write_json
from checkpoints.xtuner import XtunerTraining, write_converted, write_iteration, write_iteration_of_ranks
from doctorsun.cli.main import app
from doctorsun.cli.session import Session
from doctorsun.errors import DoctorSunError, MachineError, WeightsError
from doctorsun.storage.hub.address import HubName
from doctorsun.weights.inspect import inspect
from doctorsun.weights.tensors.open import open_tensors
from hubs.both import HUBS, serve

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


@pytest.mark.slow  # two processes that import torch
def test_ctrl_c_leaves_with_5_and_the_same_command_goes_on(tmp_path: Path):
    write_qilin_med_vl(tmp_path / "in")
    write_tower(tmp_path / "clip")
    command = ("weights", "import", tmp_path / "in", tmp_path / "out", "--vision", tmp_path / "clip")
    terminal, other_end = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "doctorsun", *map(str, command)], env=ENVIRONMENT, stdout=PIPE, stderr=other_end
    ) as process:
        shown = ""
        while "0 tensors" not in shown:  # the bar stands before the first tensor is written
            shown += os.read(terminal, 4096).decode()
        process.send_signal(signal.SIGINT)
        process.wait()
    os.close(other_end)
    assert process.returncode == 5
    assert not (tmp_path / "out").exists()
    assert doctorsun(*command).status == 0
    require_sums(tmp_path / "out")


def a_picture(folder: Path) -> None:
    (folder / "in").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))


def a_recipe(folder: Path) -> None:
    (folder / "in").write_text("name: mine\nmodel: {preset: tiny}\n", encoding="utf-8")


def a_hostile_pickle(folder: Path) -> None:
    hostile = {"projector.model.0.weight": Hostile(folder / "ran")}
    (folder / "in").mkdir()
    torch.save(hostile, folder / "in/iter_9.pth")


class Hostile:
    """What touches a file when it is unpickled by somebody who runs what a pickle says."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def a_cut_shard(folder: Path) -> None:
    write_doctor_sun(folder / "in")
    shard = folder / "in/model-00002-of-00003.safetensors"
    shard.write_bytes(shard.read_bytes()[:-9])


def a_missing_shard(folder: Path) -> None:
    write_doctor_sun(folder / "in")
    (folder / "in/model-00003-of-00003.safetensors").unlink()


def wrong_json(folder: Path) -> None:
    write_doctor_sun(folder / "in")
    (folder / "in/config.json").write_text("{")


WRONG: dict[str, tuple[Callable[[Path], Any], str, int, str]] = {
    "nothing": (lambda _: None, "in", 2, "got no such file or folder"),
    "empty folder": (lambda folder: (folder / "in").mkdir(), "in", 4, "got no known layout of weights"),
    "picture": (a_picture, "in", 4, "got no known layout of weights"),
    "recipe": (a_recipe, "in", 4, "got no known layout of weights"),
    "hostile pickle": (a_hostile_pickle, "in/iter_9.pth", 4, "got no tensors"),
    "cut shard": (a_cut_shard, "in", 4, r"model-00002-of-00003\.safetensors: got .*; copy the file again"),
    "missing shard": (a_missing_shard, "in", 4, r"got no file model-00003-of-00003\.safetensors"),
    "wrong json": (wrong_json, "in", 4, r"config\.json: got .*, expected a JSON object"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_and_leaves_nothing(name: str, tmp_path: Path):
    write, source, status, words = WRONG[name]
    write(tmp_path)
    for command in (["inspect", tmp_path / source], ["import", tmp_path / source, tmp_path / "out"]):
        done = CliRunner().invoke(app, ["weights", *map(str, command)], obj=Session("en"))
        assert isinstance(done.exception, DoctorSunError), done.output
        assert done.exception.exit_status == status
        assert re.search(words, str(done.exception))
    assert {path.name for path in tmp_path.iterdir()} <= {"in"}


def test_a_path_of_chinese_characters_and_blanks_works(tmp_path: Path):
    folder = tmp_path / "权重 与 模型"
    write_llava_hf(folder / "源")
    called("weights", "import", folder / "源", folder / "结果")
    assert json.loads(called("weights", "inspect", folder / "结果", "--json"))["loads"]["how"] == "as it is"


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path):
    write_llava_hf(tmp_path / "in")
    shard = tmp_path / "in/model-00001-of-00002.safetensors"
    shard.chmod(0)
    if os.access(shard, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(WeightsError, match="got Permission denied, expected a file that can be read"):
        inspect(tmp_path / "in")


def test_a_full_disk_is_told_and_the_same_command_goes_on(tmp_path: Path):
    write_llava_hf(tmp_path / "in")
    command = ["weights", "import", str(tmp_path / "in"), str(tmp_path / "out")]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        done = CliRunner().invoke(app, command, obj=Session("en"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert isinstance(done.exception, MachineError), done.output
    assert not (tmp_path / "out").exists()
    called(*command)
    require_sums(tmp_path / "out")


def test_changes_of_peft_are_merged_into_an_import(tmp_path: Path):
    write_llava_hf(tmp_path / "in")
    called("weights", "import", tmp_path / "in", tmp_path / "base", "--dtype", "float32")
    changes = {"model.vision_tower.encoder.layers.0.self_attn.q_proj": (torch.ones(2, 24), torch.ones(24, 2), 8.0)}
    write_adapter(tmp_path / "lora", adapter_tensors(changes), {"r": 2, "lora_alpha": 16})
    before = json.loads(called("weights", "inspect", tmp_path / "lora", "--json"))
    assert (before["layout"], before["loads"]["how"]) == ("peft_adapter", "merge")
    called("weights", "merge", tmp_path / "base", tmp_path / "lora", tmp_path / "out")
    name = "vision_tower.vision_model.encoder.layers.0.self_attn.q_proj.weight"
    base, merged = (open_tensors(tmp_path / folder).read(name) for folder in ("base", "out"))
    assert torch.allclose(merged - base, torch.full((24, 24), 2 * 8.0), atol=1e-5)
    require_sums(tmp_path / "out")
    assert json.loads(called("chat", tmp_path / "out", "--prompt", QUESTION, "--max-tokens", "2", "--json"))["prompt"]


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # within Hugging Face's client
@pytest.mark.parametrize("hub", HUBS)
def test_an_address_is_inspected_and_imported(hub: HubName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_llava_hf(tmp_path / "published")
    files = {path.name: path.read_bytes() for path in (tmp_path / "published").iterdir()}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    for name in ("HF_HUB_CACHE", "MODELSCOPE_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))
    with serve(hub, tmp_path, files) as world:
        for name in ("HF_ENDPOINT", "MODELSCOPE_ENDPOINT"):
            monkeypatch.setenv(name, world.server.url)
        assert json.loads(called("weights", "inspect", f"{hub}:o/n", "--json"))["layout"] == "llava_hf"
        assert not Path("models.lock").exists()
        called("weights", "import", f"{hub}:o/n", "out")
    report = json.loads(Path("out/import.json").read_text(encoding="utf-8"))
    assert report["sources"]["source"]["from"] == f"{hub}:o/n@{world.revision}"
    called("weights", "import", f"{hub}:o/n", "again", "--offline", "--locked")
    assert Path("again/SHA256SUMS").read_bytes() == Path("out/SHA256SUMS").read_bytes()
