"""What xtuner's LLaVA training leaves behind: ``iter_N.pth`` as a file or DeepSpeed's folder, and pth_to_hf's folders.

Names and shapes: InternLM/xtuner@81d66e6, xtuner/model/llava.py (``LLaVAModel.state_dict``: what was frozen is absent),
model/modules/projector/modeling_projector.py, tools/model_converters/pth_to_hf.py. Files: open-mmlab/mmengine@05f631f,
runner/_flexible_runner.py (``save_checkpoint``: the configuration is a text in ``meta``) and _strategy/deepspeed.py.
LoRA: huggingface/peft@v0.9.0, whose names stand in the state with that of the adapter, ``default``. Quirks kept: LoRA
on every linear layer of the tower, the last one, which gets no gradient, included; half-precision language models
beside float32 projectors; objects of mmengine among the tensors.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from checkpoints.clip import SMALL, tower_config, tower_shapes, write_preprocessor
from checkpoints.llama import LLAMA_CONFIG, llama_shapes, random_tensors
from checkpoints.llava_legacy import projector_shapes
from checkpoints.peft import adapter_tensors, write_adapter
from checkpoints.tokenizer_files import write_llama3_tokenizer
from checkpoints.unmerged import Changes
from checkpoints.weight_files import write_json, write_tensors
from checkpoints.zero import ZeroTraining, write_zero

Trained = Literal["frozen", "lora", "whole"]

TOWER_LINEAR = re.compile(r"vision_model\.encoder\.layers\.\d+\.(?:self_attn|mlp)\.\w+\.weight")
LANGUAGE_LINEAR = re.compile(r"model\.layers\.\d+\.(?:self_attn|mlp|attention|feed_forward)\.\w+\.weight")
TOWER_RANK, TOWER_ALPHA = 4, 6
LANGUAGE_RANK, LANGUAGE_ALPHA = 5, 16

PRINTED = """\
SYSTEM = ''
accumulative_counts = 1
llava_dataset = dict(
    data_path='/data/stage2/instruct.json',
    image_folder='',
    max_length=3520,
    pad_image_to_square={pads},
    template_map_fn=dict(
        template='xtuner.utils.PROMPT_TEMPLATE.llama3_chat',
        type='xtuner.dataset.map_fns.template_map_fn_factory'),
    type='xtuner.dataset.LLaVADataset')
max_length = 3520
model = dict(
    freeze_llm={frozen_language},
    freeze_visual_encoder={frozen_tower},
    llm=dict(
        pretrained_model_name_or_path='/data/llama3.1-8b-instruct-dpo-zh',
        torch_dtype='torch.float16',
        trust_remote_code=True,
        type='transformers.AutoModelForCausalLM.from_pretrained'),{language_lora}
    pretrained_pth='/data/stage1/iter_31251.pth',
    type='xtuner.model.LLaVAModel',
    visual_encoder=dict(
        pretrained_model_name_or_path='/data/clip-vit-large-patch14-336',
        type='transformers.CLIPVisionModel.from_pretrained'),{tower_lora}
    visual_select_layer={layer})
prompt_template = 'xtuner.utils.PROMPT_TEMPLATE.llama3_chat'
train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        datasets=[
            dict(
                data_path='/data/stage2/instruct.json',
                pad_image_to_square={pads},
                type='xtuner.dataset.LLaVADataset'),
        ],
        type='xtuner.dataset.ConcatDataset'),
    num_workers=4)
"""
"""As mmengine's ``Config.pretty_text`` prints one: keys in order, classes as text."""

LORA = """
    {name}=dict(
        bias='none',
        lora_alpha={alpha},
        lora_dropout=0.05,
        r={rank},
        type='peft.LoraConfig'),"""

WRITTEN = """\
# Copyright (c) OpenMMLab. All rights reserved.
from peft import LoraConfig
from transformers import AutoModelForCausalLM, CLIPVisionModel

from xtuner.dataset import LLaVADataset
from xtuner.model import LLaVAModel
from xtuner.utils import PROMPT_TEMPLATE

llm_name_or_path = '/data/llama3.1-8b-instruct-dpo-zh'
visual_encoder_name_or_path = '/data/clip-vit-large-patch14-336'
data_root = './data/'
data_path = data_root + 'instruct.json'
prompt_template = PROMPT_TEMPLATE.llama3_chat
max_length = int(4096 - (336 / 14)**2)

model = dict(
    type=LLaVAModel,
    freeze_llm={frozen_language},
    freeze_visual_encoder={frozen_tower},
    llm=dict(
        type=AutoModelForCausalLM.from_pretrained,
        pretrained_model_name_or_path=llm_name_or_path,
        trust_remote_code=True),{language_lora}
    visual_encoder=dict(
        type=CLIPVisionModel.from_pretrained, pretrained_model_name_or_path=visual_encoder_name_or_path),{tower_lora}
    visual_select_layer={layer})

llava_dataset = dict(type=LLaVADataset, data_path=data_path, max_length=max_length, pad_image_to_square={pads})
train_dataloader = dict(batch_size=4, dataset=llava_dataset)

if __name__ == '__main__':
    raise SystemExit('nobody runs this')
"""
"""As people write one, and as pth_to_hf copies it."""


class HistoryBuffer:
    """An object of mmengine that no reader of weights knows."""

    def __init__(self) -> None:
        self._log_history = [0.5, 0.25]


@dataclass(frozen=True, slots=True, kw_only=True)
class XtunerTraining:
    """A training, by what it trained.

    Attributes:
        tower: how much of the tower.
        language: how much of the language model.
        language_shapes: of the language model, by its own names.
        pads: ``pad_image_to_square``.
        layer: ``visual_select_layer``.
        seed: of the numbers.
    """

    tower: Trained = "frozen"
    language: Trained = "frozen"
    language_shapes: Mapping[str, tuple[int, ...]] = field(default_factory=lambda: llama_shapes(LLAMA_CONFIG))
    pads: bool = True
    layer: int = -2
    seed: int = 55

    @property
    def projector(self) -> dict[str, Tensor]:
        """The projector: ``0.weight``, ..."""
        hidden = next(shape[1] for name, shape in self.language_shapes.items() if "embed" in name)
        return random_tensors(projector_shapes(hidden), seed=self.seed)

    @property
    def whole_tower(self) -> dict[str, Tensor]:
        """The tower after the training, where it was trained whole."""
        return random_tensors(tower_shapes(), seed=self.seed + 1)

    @property
    def whole_language(self) -> dict[str, Tensor]:
        """The language model after the training, where it was trained whole."""
        return random_tensors(self.language_shapes, seed=self.seed + 2)

    @property
    def tower_changes(self) -> Changes:
        """Changes of the tower, by module."""
        return _changes(tower_shapes(), TOWER_LINEAR, TOWER_RANK, TOWER_ALPHA, self.seed + 3)

    @property
    def language_changes(self) -> Changes:
        """Changes of the language model, by module."""
        return _changes(self.language_shapes, LANGUAGE_LINEAR, LANGUAGE_RANK, LANGUAGE_ALPHA, self.seed + 4)

    def state(self) -> dict[str, Tensor]:
        """Return what ``LLaVAModel.state_dict`` keeps."""
        state: dict[str, Tensor] = {}
        if self.tower == "lora":
            state |= adapter_tensors(self.tower_changes, before="visual_encoder.", name=".default")
        if self.tower == "whole":
            state |= {f"visual_encoder.{name}": each for name, each in self.whole_tower.items()}
        if self.language == "lora":
            state |= adapter_tensors(self.language_changes, before="llm.", name=".default")
        if self.language == "whole":
            state |= {f"llm.{name}": each for name, each in self.whole_language.items()}
        return state | {f"projector.model.{name}": each for name, each in self.projector.items()}

    def config(self, text: str = PRINTED) -> str:
        """Return the configuration as a text."""
        loras = {
            "tower_lora": ("visual_encoder_lora", TOWER_RANK, TOWER_ALPHA, self.tower),
            "language_lora": ("llm_lora", LANGUAGE_RANK, LANGUAGE_ALPHA, self.language),
        }
        told = {
            key: LORA.format(name=name, rank=rank, alpha=alpha) if trained == "lora" else ""
            for key, (name, rank, alpha, trained) in loras.items()
        }
        frozen = {"frozen_tower": self.tower != "whole", "frozen_language": self.language != "whole"}
        return text.format(pads=self.pads, layer=self.layer, **frozen, **told)

    def extras(self, *, with_config: bool = True) -> dict[str, Any]:
        """Return what mmengine saves beside the network."""
        meta = {"epoch": 0, "iter": 23226, "seed": 1024, "mmengine": "0.10.4", "experiment_name": "finetune"}
        meta |= {"cfg": self.config()} if with_config else {}
        hub = {"log_scalars": OrderedDict({"train/loss": HistoryBuffer()}), "runtime_info": OrderedDict(iter=23225)}
        return {"meta": meta, "message_hub": hub, "param_schedulers": [{"last_step": 23226}]}


def write_iteration(path: Path, training: XtunerTraining, *, with_config: bool = True) -> None:
    """Write ``iter_N.pth`` as one file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"state_dict": OrderedDict(training.state()), **training.extras(with_config=with_config)}, path)


def write_iteration_of_ranks(path: Path, training: XtunerTraining, *, stage: int = 2, num_ranks: int = 2) -> None:
    """Write ``iter_N.pth`` as the folder of DeepSpeed's ranks."""
    state, extras = training.state(), training.extras()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_zero(
        path, ZeroTraining(groups=[state], saves_frozen=False, client_state=extras), stage=stage, num_ranks=num_ranks
    )


def write_converted(folder: Path, training: XtunerTraining) -> dict[str, Tensor]:
    """Write what ``xtuner convert pth_to_hf`` does, and return the language model in its half precision."""
    _write_projector(folder / "projector", training)
    (folder / "xtuner_config.py").write_text(training.config(WRITTEN))
    half = {name: each.half() for name, each in training.whole_language.items()}
    if training.language == "whole":
        write_tensors(folder, half, kind="safetensors", num_shards=3)
        write_json(folder / "config.json", {**LLAMA_CONFIG, "torch_dtype": "float16", "transformers_version": "4.37.2"})
        write_json(folder / "generation_config.json", {"bos_token_id": 300, "eos_token_id": [301, 304]})
        write_llama3_tokenizer(folder)
    if training.language == "lora":
        settings = {"r": LANGUAGE_RANK, "lora_alpha": LANGUAGE_ALPHA, "task_type": "CAUSAL_LM"}
        write_adapter(folder / "llm_adapter", adapter_tensors(training.language_changes), settings)
    if training.tower == "whole":
        write_tensors(folder / "visual_encoder", training.whole_tower, kind="safetensors")
        write_json(folder / "visual_encoder/config.json", tower_config())
        write_preprocessor(folder / "visual_encoder")
    if training.tower == "lora":
        settings = {"r": TOWER_RANK, "lora_alpha": TOWER_ALPHA}
        write_adapter(folder / "visual_encoder_adapter", adapter_tensors(training.tower_changes), settings)
    return {name: each.float() for name, each in half.items()}


def _write_projector(folder: Path, training: XtunerTraining) -> None:
    projector = training.projector
    write_tensors(folder, {f"model.{name}": each for name, each in projector.items()}, kind="safetensors")
    settings = {
        "_auto_class": "AutoModel",
        "architectures": ["ProjectorModel"],
        "auto_map": {"AutoModel": "modeling_projector.ProjectorModel"},
        "bias": True,
        "depth": 2,
        "hidden_act": "gelu",
        "llm_hidden_size": projector["0.weight"].shape[0],
        "model_type": "projector",
        "torch_dtype": "float32",
        "transformers_version": "4.37.2",
        "visual_hidden_size": SMALL.hidden,
    }
    write_json(folder / "config.json", settings)
    (folder / "modeling_projector.py").write_text("raise SystemExit('nobody runs this')\n")


def _changes(
    shapes: Mapping[str, tuple[int, ...]], which: re.Pattern[str], rank: int, alpha: int, seed: int
) -> Changes:
    modules = {name.removesuffix(".weight"): shape for name, shape in shapes.items() if which.fullmatch(name)}
    downs = random_tensors({name: (rank, shape[1]) for name, shape in modules.items()}, seed=seed)
    ups = random_tensors({name: (shape[0], rank) for name, shape in modules.items()}, seed=seed + 100)
    return {name: (downs[name], ups[name] / 10, alpha / rank) for name in modules}
