"""Every command of the page on released models, run as printed on small checkpoints in their layouts.

The addresses are served by loopback hubs. Small towers do not tell their heads, as the published ones do by their
shapes: where a command takes the tower out of the weights themselves, ``--vision-config`` is added.
"""

import json
import re
import shlex
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from checkpoints.clip import tower_config, write_tower, write_whole_clip
from checkpoints.enhanced_llava import write_enhanced_llava
from checkpoints.internlm2 import write_internlm2
from checkpoints.llama import write_llama2, write_llama3
from checkpoints.llava_hf import write_llava_hf
from checkpoints.llava_legacy import write_doctor_sun, write_llava_med, write_qilin_med_vl
from checkpoints.weight_files import write_json
from checkpoints.xtuner import XtunerTraining, write_converted, write_iteration
from doctorsun.cli.main import app
from doctorsun.cli.session import Session
from doctorsun.generate.engine import LocalEngine, Request
from doctorsun.schema import Message, text_part
from doctorsun.weights.hugging_face import load_weights
from hubs.both import BRANCH, TOKEN, files_below
from hubs.hugging_face import HuggingFace
from hubs.modelscope import ModelScope
from hubs.published import Published

PAGE = (Path(__file__).parents[2] / "docs/start-from-released.md").read_text(encoding="utf-8")
ADDRESS = re.compile(r"\b(hf|ms):([\w.-]+/[\w.-]*\w)(?![\w…/])")
COMMANDS = [
    command
    for block in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
    if (command := shlex.join(shlex.split(line, comments=True)))
]
BASE_PARTS = re.findall(r"^\|[^|]*\| `((?:hf|ms):[^`]+)` \| `(\w+)`", PAGE, re.MULTILINE)
PUBLISHED: dict[str, Callable[[Path], Any]] = {
    "Yanlan/Doctor-Sun": write_doctor_sun,
    "williamliu/Qilin-Med-VL": write_qilin_med_vl,
    "williamliu/Qilin-Med-VL-Chat": write_qilin_med_vl,
    "microsoft/llava-med-v1.5-mistral-7b": write_llava_med,
    "xtuner/llava-llama-3-8b-v1_1-transformers": write_llava_hf,
    "xtuner/llava-llama-3-8b-v1_1": lambda path: write_converted(path, XtunerTraining(tower="lora", language="whole")),
    "openai/clip-vit-large-patch14-336": write_whole_clip,
    "meta-llama/Llama-3.1-8B-Instruct": write_llama3,
    "FlagAlpha/Llama2-Chinese-13b-Chat": write_llama2,
    "internlm/internlm2_5-7b-chat": write_internlm2,
}
ON_DISK: dict[str, Callable[[Path], Any]] = {
    "FOLDER": write_enhanced_llava,
    "work_dirs/CONFIG/iter_23226.pth": lambda path: write_iteration(
        path, XtunerTraining(tower="lora", language="lora")
    ),
    "clip-vit-large-patch14-336": write_tower,
    "llama-3.1-8b": write_llama3,
}
HEADS_UNTOLD = ("Yanlan/Doctor-Sun", "microsoft/llava-med-v1.5-mistral-7b")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder, with caches of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    for name in ("HF_HUB_CACHE", "MODELSCOPE_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))
    return tmp_path


@contextmanager
def hubs_for(text: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Serve every address of a text from small checkpoints."""
    repositories: dict[str, list[Published]] = {"hf": [], "ms": []}
    for hub, name in sorted(set(ADDRESS.findall(text))):
        folder = place / "published" / hub / name
        PUBLISHED[name](folder)
        repository = Published(name, kind="model")
        repository.commit(files_below(folder), BRANCH[hub])
        repositories[hub].append(repository)
    with ExitStack() as stack:
        for variable, kind, hub in (("HF_ENDPOINT", HuggingFace, "hf"), ("MODELSCOPE_ENDPOINT", ModelScope, "ms")):
            server = stack.enter_context(kind(*repositories[hub], writer_token=TOKEN))
            monkeypatch.setenv(variable, server.url)
        yield


def called(*arguments: str) -> str:
    done = CliRunner().invoke(app, [*arguments], obj=Session("en"))
    assert done.exception is None, done.exception
    return done.stdout


def test_the_page_has_its_commands_and_its_table():
    assert len(COMMANDS) >= 8
    assert len(BASE_PARTS) == 4
    named = {"/".join(path.split("/")[:2]) for path in re.findall(r"`(?:hf|ms):([^`…]+)`", PAGE)}
    assert named <= set(PUBLISHED)


def has_an_answer(weights: Path) -> bool:
    """Say whether weights write tokens when they are asked, as ``doctorsun chat`` asks them."""
    model, processor = load_weights(weights)
    engine = LocalEngine(model, image_mean=processor.images.mean, image_std=processor.images.std)
    question = Message(role="user", content=(text_part("左肺有结节吗?"),))
    request = Request(prompt_ids=tuple(processor.prompt((question,))), max_tokens=2)
    return len(list(engine.generate([request]))) > 0


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # within Hugging Face's client
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_runs_as_printed(command: str, place: Path, monkeypatch: pytest.MonkeyPatch):
    program, group, verb, source, *rest = shlex.split(command)
    assert (program, group) == ("doctorsun", "weights")
    for path in {source, *rest} & set(ON_DISK):
        ON_DISK[path](place / path)
    if source.partition(":")[2] in HEADS_UNTOLD:
        write_json(place / "tower.json", tower_config())
        rest += ["--vision-config", "tower.json"]
    with hubs_for(command, place, monkeypatch):
        called(group, verb, source, *rest)
        if verb == "import":
            after = json.loads(called(group, "inspect", rest[0], "--json"))
            assert (after["layout"], after["loads"]["how"]) == ("llava_hf", "as it is")
            assert has_an_answer(Path(rest[0]))


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # within Hugging Face's client
@pytest.mark.parametrize(("address", "layout"), BASE_PARTS)
def test_a_base_part_is_read_as_the_page_says(address: str, layout: str, place: Path, monkeypatch: pytest.MonkeyPatch):
    with hubs_for(address, place, monkeypatch):
        facts = json.loads(called("weights", "inspect", address, "--json"))
    assert (facts["layout"], facts["loads"]["how"]) == (layout, "part")
