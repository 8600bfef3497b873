"""Looking into weights of any layout, here or on a hub, imports neither PyTorch nor transformers."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from checkpoints.clip import tower_config, write_tower
from checkpoints.enhanced_llava import write_enhanced_llava
from checkpoints.internlm2 import write_internlm2
from checkpoints.llama import write_llama2
from checkpoints.llava_hf import write_llava_hf
from checkpoints.llava_legacy import write_doctor_sun
from checkpoints.mm_projector import write_mm_projector
from checkpoints.peft import adapter_tensors, write_adapter
from checkpoints.weight_files import write_json
from checkpoints.xtuner import (
    LANGUAGE_RANK,
    XtunerTraining,
    write_converted,
    write_iteration,
    write_iteration_of_ranks,
)
from doctorsun.weights.published import LAYOUTS
from hubs.both import serve
from small_model import save_small

INSPECT = """
import json, sys
from typer.testing import CliRunner
from doctorsun.cli.main import app
from doctorsun.cli.session import Session

for arguments in json.loads(sys.argv[1]):
    for form in ([], ["--json"]):
        done = CliRunner().invoke(app, ["weights", "inspect", *arguments, *form], obj=Session("en"))
        if done.exception:
            raise done.exception
    facts = json.loads(done.stdout)
    heavy = sorted({"torch", "transformers"} & sys.modules.keys())
    print(json.dumps({"source": arguments[0], "layout": facts["layout"], "how": facts["loads"]["how"], "heavy": heavy}))
"""


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One checkpoint of every layout, in every kind of file."""
    folder = tmp_path_factory.mktemp("published")
    training = XtunerTraining(tower="lora", language="whole")
    write_llava_hf(folder / "llava_hf")
    write_doctor_sun(folder / "llava_legacy")
    write_enhanced_llava(folder / "enhanced_llava")
    write_iteration(folder / "iter_1.pth", training)
    write_iteration_of_ranks(folder / "iter_2.pth", training)
    write_iteration_of_ranks(folder / "iter_3.pth", training, stage=3)
    write_converted(folder / "xtuner_folder", training)
    write_adapter(folder / "peft_adapter", adapter_tensors(training.language_changes), {"r": LANGUAGE_RANK})
    write_mm_projector(folder / "mm_projector", with_embeddings=True)
    write_tower(folder / "clip")
    write_llama2(folder / "llama2")
    write_internlm2(folder / "internlm2")
    stock = save_small(tmp_path_factory.mktemp("stock") / "weights")
    return {"stock": stock} | {path.name: path for path in sorted(folder.iterdir())}


def inspected(calls: list[list[str]], **environ: str) -> list[dict[str, Any]]:
    """Run ``weights inspect`` for each list of arguments, all in one process of its own."""
    command = [sys.executable, "-c", INSPECT, json.dumps(calls)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environ)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_no_layout_needs_pytorch(sources: dict[str, Path], tmp_path: Path):
    write_json(tmp_path / "tower.json", tower_config())
    heads = ["--vision-config", str(tmp_path / "tower.json")]
    found = inspected([[str(path), *said] for path in sources.values() for said in ([], heads)])
    assert [each for each in found if each["heavy"]] == []
    assert {each["layout"] for each in found} == {layout.name for layout in LAYOUTS}
    assert {each["how"] for each in found} >= {"as it is", "import", "part", "merge"}


@pytest.mark.parametrize(("name", "variable"), [("hf", "HF_ENDPOINT"), ("ms", "MODELSCOPE_ENDPOINT")])
def test_weights_on_a_hub_need_no_pytorch(name: Any, variable: str, sources: dict[str, Path], tmp_path: Path):
    for source in ("stock", "internlm2"):
        files = {path.name: path.read_bytes() for path in sources[source].iterdir()}
        with serve(name, tmp_path, files) as world:
            caches = {each: str(tmp_path / source) for each in ("HF_HUB_CACHE", "MODELSCOPE_CACHE")}
            (found,) = inspected([[f"{name}:o/n"]], **caches, **{variable: world.server.url, "HF_HUB_OFFLINE": "0"})
        assert found["heavy"] == []
        assert found["how"] in {"as it is", "part"}
