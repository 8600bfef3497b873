"""The recipe ``micro`` from nothing to answers, by the real command."""

import json
import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
import torch
from real_command import ENVIRONMENT, Done
from transformers import AutoModelForImageTextToText, AutoProcessor

from doctorsun.generate.chat import answer_samples
from doctorsun.generate.engine import LocalEngine
from doctorsun.image.raster import decode
from doctorsun.processor.chat_template import as_openai
from doctorsun.schema import Sample
from doctorsun.storage.store import Store
from doctorsun.weights.hugging_face import load_weights

STAGES = ["vision-pretrain", "pretrain", "align", "deep-align", "instruct"]
MAX_TOKENS = 24


def test_the_command_ends_well_and_says_where_the_report_is(micro: tuple[Path, Done]) -> None:
    run, done = micro
    assert done.status == 0, done.errors
    assert done.errors == ""
    assert done.output.splitlines()[-1] == f"everything is done: {run / 'report.html'}"
    for number, stage in enumerate(STAGES, start=1):
        assert f"stage {number}/{len(STAGES)} {stage}" in done.output
    assert "truth: " in done.output


def test_the_folder_holds_all_that_was_promised(micro: tuple[Path, Done]) -> None:
    run, _ = micro
    record, report = (json.loads((run / name).read_text(encoding="utf-8")) for name in ("run.json", "report.json"))
    assert record["finished"]
    assert report["state"]["is_finished"]
    assert [stage["name"] for stage in report["stages"]] == STAGES
    assert {score["control"] for score in report["scores"]} == {"real", "blank", "shuffled", "prior"}
    assert {score["language"] for score in report["scores"]} >= {"zh", "en"}
    assert "<html" in (run / "report.html").read_text(encoding="utf-8")
    assert (run / "eval/phantom/predictions.parquet").is_file()
    assert not list(run.rglob("*.unfinished"))
    assert not list(run.rglob("checkpoints"))


def test_every_step_stands_once_in_the_diary(micro: tuple[Path, Done]) -> None:
    run, _ = micro
    events = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    steps = [(event["stage"], event["step"]) for event in events if event["event"] == "step"]
    sizes = dict.fromkeys(STAGES, 4) | {"instruct": 8}
    assert steps == [(stage, step) for stage in STAGES for step in range(1, sizes[stage] + 1)]
    assert [event["event"] for event in events].count("stage_end") == len(STAGES)
    assert [event["task"] for event in events if event["event"] == "eval"] == ["phantom"]


AGAIN = """
import sys
from doctorsun.cli.main import main
sys.argv = ["doctorsun", "run", "micro", "--out", sys.argv[1]]
try:
    main()
except SystemExit as leaving:
    assert not leaving.code, leaving.code
print(sorted({"torch", "transformers", "matplotlib"} & set(sys.modules)))
"""


def test_a_run_that_is_done_says_so_without_loading_the_network(micro: tuple[Path, Done]) -> None:
    run, _ = micro
    before = (run / "report.html").stat().st_mtime_ns
    command = [sys.executable, "-c", AGAIN, str(run)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRONMENT)
    *_, told, loaded = done.stdout.splitlines()
    assert told == f"everything is done: {run / 'report.html'}"
    assert loaded == "[]"
    assert (run / "report.html").stat().st_mtime_ns == before


def questions(run: Path, language: str) -> list[Sample]:
    store = Store(run / "stores/phantom/test")
    return list(islice((sample for sample in store if sample.language == language and sample.answer), 4))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_plain_transformers_give_our_answers(micro: tuple[Path, Done], language: str) -> None:
    run, _ = micro
    samples = questions(run, language)
    model, processor = load_weights(run / "weights")
    images = processor.images
    engine = LocalEngine(model, image_mean=images.mean, image_std=images.std)
    ours = {answer.index: answer.text for answer in answer_samples(engine, processor, samples, MAX_TOKENS)}

    stock_model = AutoModelForImageTextToText.from_pretrained(run / "weights").eval()
    stock = AutoProcessor.from_pretrained(run / "weights")
    for index, sample in enumerate(samples):
        conversation = as_openai(processor.question(sample))
        for part in (part for turn in conversation for part in turn["content"] if part["type"] == "image"):
            part["image"] = decode(sample.images[0].bytes or b"")
        settings = {"tokenize": True, "return_dict": True, "return_tensors": "pt", "add_generation_prompt": True}
        inputs = stock.apply_chat_template(conversation, **settings)
        with torch.no_grad():
            ids = stock_model.generate(**inputs, max_new_tokens=MAX_TOKENS, do_sample=False)
        new = ids[0, inputs["input_ids"].shape[1] :]
        assert stock.decode(new, skip_special_tokens=True) == ours[index]


def test_ctrl_c_leaves_a_run_that_can_go_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "doctorsun", "run", "micro", "--out", str(tmp_path / "run")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True, env=ENVIRONMENT) as process:
        assert process.stdout is not None
        assert any(line.startswith("stage 1/5 vision-pretrain") for line in process.stdout)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 5
    assert errors.startswith("error: ")
    assert "stopped" in errors
    assert errors.endswith("; run the same command again to go on\n")
    assert json.loads((tmp_path / "run/run.json").read_text())["finished"] is None
