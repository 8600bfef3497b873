"""How much memory `doctorsun weights import` takes at the size of Doctor Sun, in LLaVA's own layout.

The source has the real names, shapes and types (686 tensors, 16.7 GB) and zeros as contents, in files with holes, so
that it takes no room; what the import writes is as large as it is, and removed again.
Run: python benchmarks/import_memory.py [--scratch FOLDER] [--out benchmarks/reports/import_memory.json]
"""

import argparse
import json
import math
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from doctorsun.model.build import sized_config
from doctorsun.model.presets import PRESETS
from doctorsun.weights.portable_names import expected_headers
from doctorsun.weights.tensors.number_type import NumberType

NUM_IDS = 128_256  # of Llama 3; the import adds an image and a pad token, so that the embedding grows
SHARD_BYTES = 2 * 10**9
LEGACY_NAMES = (
    ("language_model.model.", "model."),
    ("language_model.", ""),
    ("vision_tower.", "model.vision_tower.vision_tower."),
    ("multi_modal_projector.linear_1.", "model.mm_projector.0."),
    ("multi_modal_projector.linear_2.", "model.mm_projector.2."),
)
SPECIAL = ("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
SETTINGS: Mapping[str, Any] = {
    "architectures": ["LlavaLlamaForCausalLM"],
    "bos_token_id": NUM_IDS - len(SPECIAL),
    "eos_token_id": NUM_IDS - 1,
    "hidden_act": "silu",
    "hidden_size": 4096,
    "image_aspect_ratio": "pad",
    "initializer_range": 0.02,
    "intermediate_size": 14336,
    "max_position_embeddings": 8192,
    "mm_hidden_size": 1024,
    "mm_projector_type": "mlp2x_gelu",
    "mm_use_im_patch_token": False,
    "mm_use_im_start_end": False,
    "mm_vision_select_feature": "patch",
    "mm_vision_select_layer": -2,
    "mm_vision_tower": "openai/clip-vit-large-patch14-336",
    "model_type": "llava_llama",
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "rms_norm_eps": 1e-05,
    "rope_scaling": None,
    "rope_theta": 500000.0,
    "tie_word_embeddings": False,
    "torch_dtype": "float16",
    "vocab_size": NUM_IDS,
}


def write_source(folder: Path) -> int:
    """Write the folder of an 8B LLaVA with zeros for contents, and return its bytes."""
    headers = expected_headers(sized_config(PRESETS["doctor-sun-8b"], NUM_IDS), NumberType.FLOAT16)
    shards: list[dict[str, tuple[int, ...]]] = [{}]
    for name, header in headers.items():
        if sum(2 * math.prod(shape) for shape in shards[-1].values()) + header.size_bytes > SHARD_BYTES:
            shards.append({})
        shards[-1][legacy_name(name)] = header.shape
    files = {f"model-{n:05d}-of-{len(shards):05d}.safetensors": shard for n, shard in enumerate(shards, 1)}
    for file, shard in files.items():
        write_zeros(folder / file, shard)
    weight_map = {name: file for file, shard in files.items() for name in shard}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}), encoding="utf-8")
    (folder / "config.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    write_tokenizer(folder)
    return sum(header.size_bytes for header in headers.values())


def legacy_name(name: str) -> str:
    """Return the name of a tensor in LLaVA's own code."""
    prefix, legacy = next(pair for pair in LEGACY_NAMES if name.startswith(pair[0]))
    return legacy + name.removeprefix(prefix)


def write_zeros(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Write a safetensors file of float16 zeros: the header, and a hole as long as the contents."""
    header: dict[str, Any] = {}
    end = 0
    for name, shape in shapes.items():
        start, end = end, end + 2 * math.prod(shape)
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [start, end]}
    encoded = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(encoded).to_bytes(8, "little") + encoded)
        file.truncate(8 + len(encoded) + end)


def write_tokenizer(folder: Path) -> None:
    """Write a tokenizer of as many ids as Llama 3's."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    num_words = NUM_IDS - len(SPECIAL) - len(alphabet)
    vocabulary = {token: number for number, token in enumerate([*alphabet, *(f"w{n:06d}" for n in range(num_words))])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    tokenizer.save(str(folder / "tokenizer.json"))
    named = {"bos_token": SPECIAL[0], "eos_token": SPECIAL[-1]}
    (folder / "tokenizer_config.json").write_text(json.dumps(named), encoding="utf-8")


def measure(command: list[str]) -> dict[str, float]:
    """Run a command to its end, and return its time and the most memory that it held."""
    begin = time.perf_counter()
    process = subprocess.Popen(command)  # noqa: S603 (our own command)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"the import ended with {os.waitstatus_to_exitcode(status)}")
    return {"peak_gb": round(used.ru_maxrss * 1024 / 1e9, 2), "wall_s": round(time.perf_counter() - begin, 1)}


def main() -> None:
    """Write the source, measure an import that only reads it and one that makes the folder, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scratch", type=Path, help="a folder on a disk with 17 GB free")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/reports/import_memory.json"))
    arguments = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(dir=arguments.scratch))
    try:
        source = scratch / "source"
        source.mkdir()
        size = write_source(source)
        doctorsun = [sys.executable, "-m", "doctorsun", "weights"]
        inspected = measure([*doctorsun, "inspect", str(source)])
        imported = measure([*doctorsun, "import", str(source), str(scratch / "out")])
    finally:
        shutil.rmtree(scratch)
    report = {
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {sys.version.split()[0]}",
        "commit": subprocess.check_output(["git", "rev-parse", "HEAD"], text=True).strip(),  # noqa: S607
        "versions": {name: version(name) for name in ("doctorsun", "torch", "transformers", "safetensors")},
        "source": {"layout": "llava_llama, float16, zeros", "size_gb": round(size / 1e9, 2)},
        "inspect": inspected,
        "import": imported,
    }
    arguments.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
