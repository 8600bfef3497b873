"""Commands on weights: where they look, what they print, and what they say next."""

import json
from pathlib import Path
from typing import get_args

import pytest
import torch
from typer.testing import CliRunner, Result

from checkpoints.clip import tower_config, write_tower
from checkpoints.llava_legacy import write_doctor_sun, write_qilin_med_vl
from checkpoints.peft import adapter_tensors, write_adapter
from checkpoints.weight_files import write_json
from checkpoints.xtuner import XtunerTraining, write_iteration
from doctorsun.cli.main import app
from doctorsun.cli.session import Language, Session
from doctorsun.cli.weights import Chat
from doctorsun.errors import DataError, RecipeError, RequestError, WeightsError
from doctorsun.processor.chat_families import FAMILIES
from small_model import save_small


def called(*arguments: str | Path, language: Language = "en") -> Result:
    done = CliRunner().invoke(app, ["weights", *map(str, arguments)], obj=Session(language))
    if done.exception:
        raise done.exception
    return done


def test_a_run_is_described_by_its_weights(tmp_path: Path):
    (tmp_path / "run").mkdir()
    save_small(tmp_path / "run/weights")
    of_run = called("inspect", tmp_path / "run", "--json").stdout
    assert of_run == called("inspect", tmp_path / "run/weights", "--json").stdout
    assert json.loads(of_run)["architecture"] == "LlavaForConditionalGeneration"


def test_a_folder_without_weights_is_told(tmp_path: Path):
    with pytest.raises(WeightsError, match="got no known layout of weights"):
        called("inspect", tmp_path)


def test_a_run_without_weights_is_told(tmp_path: Path):
    write_json(tmp_path / "run.json", {})
    with pytest.raises(RequestError, match="got unfinished run, without weights"):
        called("inspect", tmp_path)


def test_stock_weights_are_for_chat(tmp_path: Path):
    lines = called("inspect", save_small(tmp_path / "it is")).stdout.splitlines()
    assert lines[0].startswith("layout              llava_hf: ")
    assert "  visual_tokens     16" in lines
    assert lines[-1] == f"loads as it is: doctorsun chat '{tmp_path}/it is'"


def test_the_import_that_is_needed_is_said(tmp_path: Path):
    write_qilin_med_vl(tmp_path)
    said, why = called("inspect", tmp_path).stdout.splitlines()[-2:]
    assert said == f"loads after an import: doctorsun weights import {tmp_path} OUT --vision FOLDER"
    assert why == "(no vision tower)"


def test_a_part_is_said_in_chinese(tmp_path: Path):
    write_tower(tmp_path)
    said = called("inspect", tmp_path, language="zh").stdout.splitlines()[-1]
    assert said.startswith("LLaVA 的一个部件（vision tower alone）：")
    assert said.endswith(f"--vision {tmp_path}")


def test_the_users_settings_complete_the_description(tmp_path: Path):
    write_doctor_sun(tmp_path / "in")
    write_json(tmp_path / "clip.json", tower_config())
    command = ("inspect", tmp_path / "in", "--vision-config", tmp_path / "clip.json")
    assert json.loads(called(*command, "--json").stdout)["vision"]["heads"] == 4
    said = called(*command).stdout.splitlines()[-2]
    assert said.endswith(f"doctorsun weights import {tmp_path}/in OUT --vision-config {tmp_path}/clip.json")


def test_an_import_tells_what_it_made_and_what_is_next(tmp_path: Path):
    write_qilin_med_vl(tmp_path / "in")
    write_tower(tmp_path / "clip")
    done = called("import", tmp_path / "in", tmp_path / "out", "--vision", tmp_path / "clip", "--dtype", "bfloat16")
    lines = done.stdout.splitlines()
    assert "  layout     llava_legacy" in lines
    assert "dtype         bfloat16" in lines
    assert "  <image>  290" in lines
    assert lines[-1] == f"made; try it: doctorsun chat {tmp_path / 'out'}"
    assert json.loads(called("inspect", tmp_path / "out", "--json").stdout)["loads"]["how"] == "as it is"


def test_an_import_as_json_is_its_report(tmp_path: Path):
    write_doctor_sun(tmp_path / "in")
    write_json(tmp_path / "clip.json", tower_config())
    given = ("--vision-config", tmp_path / "clip.json", "--rope-scaling", "llama3", "--fit", "crop", "--json")
    report = json.loads(called("import", tmp_path / "in", tmp_path / "out", *given).stdout)
    assert report == json.loads((tmp_path / "out/import.json").read_text(encoding="utf-8"))
    assert report["fit"] == "crop"
    assert report["options"]["text_config"]["rope_scaling"]["rope_type"] == "llama3"
    assert report["sources"]["source"]["from"] == str(tmp_path / "in")


def test_a_merge_tells_what_it_made(tmp_path: Path):
    save_small(tmp_path / "base")
    module = "model.language_model.layers.0.self_attn.q_proj"
    width = json.loads((tmp_path / "base/config.json").read_text(encoding="utf-8"))["text_config"]["hidden_size"]
    write_adapter(tmp_path / "lora", adapter_tensors({module: (torch.ones(8, width), torch.ones(width, 8), 2.0)}), {})
    done = called("merge", tmp_path / "base", tmp_path / "lora", tmp_path / "out", "--dtype", "bfloat16")
    lines = done.stdout.splitlines()
    assert "  layout   peft_adapter" in lines
    assert lines[-1] == f"made; try it: doctorsun chat {tmp_path / 'out'}"
    report = json.loads((tmp_path / "out/import.json").read_text(encoding="utf-8"))
    assert report["sources"]["adapter"]["from"] == str(tmp_path / "lora")
    as_json = called("merge", tmp_path / "base", tmp_path / "lora", tmp_path / "again", "--dtype", "bfloat16", "--json")
    assert json.loads(as_json.stdout) == report


def test_a_missing_part_is_asked_for(tmp_path: Path):
    write_qilin_med_vl(tmp_path / "in")
    with pytest.raises(WeightsError, match=r"got no vision tower, .*; give --vision FOLDER"):
        called("import", tmp_path / "in", tmp_path / "out")


def test_nothing_is_written_over(tmp_path: Path):
    save_small(tmp_path / "in")
    with pytest.raises(DataError, match="got something that is already there"):
        called("import", "hf:nobody/asks", tmp_path / "in")


@pytest.mark.parametrize("address", ["hf:owner", "https://huggingface.co/owner/name"])
def test_a_wrong_address_is_told(address: str, tmp_path: Path):
    for command in (["inspect", address], ["import", address, tmp_path / "out"]):
        with pytest.raises(RecipeError, match="expected hf:owner/name@revision"):
            called(*command)


def test_every_chat_template_can_be_named():
    assert get_args(Chat) == tuple(family.name for family in FAMILIES)


@pytest.mark.parametrize("option", [("--chat", "nobody"), ("--tokenizer", "nowhere"), ("--dtype", "int8")])
def test_a_wrong_option_is_wrong_input(option: tuple[str, str], tmp_path: Path):
    done = CliRunner().invoke(app, ["weights", "import", str(tmp_path), str(tmp_path / "out"), *option])
    assert done.exit_code == 2
    assert option[0] in done.output


def test_each_of_two_loras_has_its_alpha_in_the_next_command(tmp_path: Path):
    write_iteration(tmp_path / "iter_1.pth", XtunerTraining(tower="lora", language="lora"), with_config=False)
    alphas = ("--lora-alpha", "vision=6", "--lora-alpha", "language=16")
    told = called("inspect", tmp_path / "iter_1.pth", *alphas).stdout
    assert f"{tmp_path / 'iter_1.pth'} OUT {' '.join(alphas)} --vision FOLDER" in told
    with pytest.raises(RecipeError, match="got one number, 16, for several LoRAs"):
        called("inspect", tmp_path / "iter_1.pth", "--lora-alpha", "16")
    with pytest.raises(RecipeError, match="--lora-alpha 0: got '0', expected a number above zero"):
        called("merge", tmp_path, tmp_path, tmp_path / "out", "--lora-alpha", "0")
