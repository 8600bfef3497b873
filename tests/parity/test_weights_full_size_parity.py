"""Doctor Sun at its full size: 686 tensors without contents, against the published classes on the meta device."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

import torch
from transformers import CLIPVisionConfig, CLIPVisionModel, LlamaConfig, LlamaForCausalLM

from checkpoints.clip import CLIP_L_336, tower_config, tower_shapes
from checkpoints.llava_legacy import DOCTOR_SUN, legacy_shapes
from checkpoints.weight_files import write_json
from doctorsun.weights.complete import complete
from doctorsun.weights.config_files import llava_config
from doctorsun.weights.published import read_published
from doctorsun.weights.stock_folder import portable_tensors, require_network
from doctorsun.weights.tensors.number_type import NumberType

SIZES = {
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "max_position_embeddings": 131072,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
}
FULL = {**DOCTOR_SUN, **SIZES, "mm_hidden_size": 1024}
NUM_SHARDS = 9
Shapes = Mapping[str, tuple[int, ...]]


def full_shapes() -> Shapes:
    return legacy_shapes(FULL, tower_shapes(CLIP_L_336))


def write_without_contents(folder: Path, shapes: Shapes) -> None:
    """Write shards in float16 whose contents are a hole in the file: 16.7 GB that take no place."""
    names = list(shapes)
    weight_map: dict[str, str] = {}
    for index in range(NUM_SHARDS):
        file = f"model-{index + 1:05d}-of-{NUM_SHARDS:05d}.safetensors"
        header: dict[str, object] = {}
        end = 0
        for name in names[index::NUM_SHARDS]:
            start, end = end, end + 2 * math.prod(shapes[name])
            header[name] = {"dtype": "F16", "shape": list(shapes[name]), "data_offsets": [start, end]}
            weight_map[name] = file
        encoded = json.dumps(header).encode()
        with (folder / file).open("wb") as shard:
            shard.write(len(encoded).to_bytes(8, "little") + encoded)
            shard.truncate(8 + len(encoded) + end)
    write_json(folder / "model.safetensors.index.json", {"weight_map": weight_map})
    write_json(folder / "config.json", FULL)


def test_the_shapes_are_those_of_the_published_classes() -> None:
    with torch.device("meta"):
        decoder = LlamaForCausalLM(LlamaConfig(**{**FULL, "model_type": "llama", "architectures": None}))
        tower = CLIPVisionModel(CLIPVisionConfig(**tower_config(CLIP_L_336)))
    state = {name: tuple(tensor.shape) for name, tensor in decoder.state_dict().items()}
    for name, tensor in tower.state_dict().items():
        state[f"model.vision_tower.vision_tower.vision_model.{name}"] = tuple(tensor.shape)
    projector = {name: shape for name, shape in full_shapes().items() if "mm_projector" in name}
    assert sum(map(math.prod, projector.values())) == 20_979_712
    assert full_shapes() == state | projector


def test_all_686_tensors_are_read_into_the_network_of_transformers(tmp_path: Path) -> None:
    write_without_contents(tmp_path, full_shapes())
    published = read_published(tmp_path)
    assert len(published.tensors) == 686
    assert sum(math.prod(header.shape) for header in published.tensors.values()) == 8_354_748_416
    assert published.left_over == {}
    assert (
        "Llama 3.1 shapes, RoPE without scaling: give --rope-scaling llama3 if it was edited out" in published.strange
    )
    parts = complete(published)
    assert (len(parts.language.tensors), len(parts.vision.tensors), len(parts.projector.tensors)) == (291, 391, 4)
    assert parts.vision.config["num_attention_heads"] == 16
    headers = {name: tensor.header for name, tensor in portable_tensors(parts).items()}
    assert sum(math.prod(header.shape) for header in headers.values()) == 8_354_748_416
    require_network(headers, llava_config(parts, image_id=128005, pad_id=128004), NumberType.FLOAT16)
