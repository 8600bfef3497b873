"""The projector alone as LLaVA's first stage saves it.

Names: haotian-liu/LLaVA@c121f04, llava/train/train.py (``safe_save_model_for_hf_trainer``). Quirks kept: names begin as
in the whole model; the configuration of the whole model lies beside it; with ``mm_use_im_start_end`` the embeddings
lie in the file, too.
"""

from pathlib import Path
from typing import Any

from torch import Tensor

from checkpoints.llama import LLAMA_CONFIG, random_tensors
from checkpoints.llava_legacy import DOCTOR_SUN, projector_shapes
from checkpoints.weight_files import write_file, write_json


def write_mm_projector(folder: Path, *, with_embeddings: bool = False, **changes: Any) -> dict[str, Tensor]:
    """Write the folder of a first stage and return the tensors; ``changes`` go into its configuration."""
    shapes = {f"model.mm_projector.{name}": shape for name, shape in projector_shapes(48).items()}
    if with_embeddings:
        shapes["model.embed_tokens.weight"] = (LLAMA_CONFIG["vocab_size"], 48)
    tensors = random_tensors(shapes, seed=35)
    folder.mkdir(parents=True)
    write_file(folder / "mm_projector.bin", tensors)
    settings = {"image_aspect_ratio": "square", "tune_mm_mlp_adapter": True}
    write_json(folder / "config.json", {**DOCTOR_SUN, **settings, **changes})
    write_json(folder / "trainer_state.json", {"global_step": 2180})
    return tensors
