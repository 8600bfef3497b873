"""Joining an adapter into a stock LLaVA folder, as peft's ``merge_and_unload`` does, one tensor at a time."""

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from transformers import GenerationConfig, LlavaConfig

from doctorsun.errors import WeightsError
from doctorsun.weights.assemble import Watch, write_stock
from doctorsun.weights.complete import complete
from doctorsun.weights.import_weights import DtypeName, state_of, told_of
from doctorsun.weights.layouts import llava_hf
from doctorsun.weights.lora_alpha import require_use
from doctorsun.weights.parts import Parts, Published, ReadOptions
from doctorsun.weights.published import read_published
from doctorsun.weights.settings_files import read_settings
from doctorsun.weights.stock_folder import EMBEDDED, StockFolder, in_type, portable_tensors, require_network
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tied_head import strange_head

KEPT = (
    *("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json"),
    *("preprocessor_config.json", "processor_config.json"),
)
"""Files of tokenizer and processor, which a merge leaves as they are."""


def merge_adapter(
    base: Path,
    adapter: Path,
    out: Path,
    *,
    dtype: DtypeName | None = None,
    read: ReadOptions | None = None,
    called: Mapping[str, str] | None = None,
    watch: Watch | None = None,
) -> dict[str, Any]:
    """Write a folder with the changes of an adapter joined into its base, and return what its ``import.json`` holds.

    Args:
        base: a folder of transformers' LLaVA, such as an import writes.
        adapter: changes of it, in any layout that holds changes alone.
        out: the folder; nothing may be there. The same call goes on with what a killed one has written.
        dtype: of every tensor; None: that of the base.
        read: what the user says where the adapter cannot tell.
        called: what the user called ``base`` and ``adapter``, where it is not the path.
        watch: is told of the progress.

    Raises:
        WeightsError: the base is no LLaVA of transformers, the adapter holds something else than changes, or they do
            not belong together.
        DataError: there is something at ``out`` already.
        MachineError: the disk is full; what is written stays for the next call.
    """
    published = {"base": read_published(base), "adapter": read_published(adapter, read)}
    require_use(read and read.lora_alpha, published.values())
    _require_base(base, published["base"])
    _require_changes_alone(adapter, published["adapter"])
    own = published["base"]
    parts = complete(published["adapter"], vision=own, projector=own, language=own)
    stock = kept_folder(base, parts, NumberType(dtype) if dtype else None)
    paths, called = {"base": base, "adapter": adapter}, called or {}
    told = {
        name: {"from": called.get(name, f"{paths[name]}"), **told_of(each, each.left_over)}
        for name, each in published.items()
    }
    return write_stock(stock, out, origin={"sources": told}, contents=state_of(paths.values()), watch=watch)


def kept_folder(base: Path, parts: Parts, dtype: NumberType | None) -> StockFolder:
    """Settle a stock folder of which only the tensors change: all that is said about them stays.

    Args:
        base: the stock folder.
        parts: its tensors, after the change.
        dtype: of every tensor; None: the language model's.

    Raises:
        WeightsError: the tensors do not fit the configuration of the folder.
    """
    dtype = dtype or parts.language.tensors[EMBEDDED].header.dtype
    config = LlavaConfig.from_dict(read_settings(base, "config.json"))

    def keep(folder: Path) -> None:
        for name in KEPT:
            if (base / name).is_file():
                shutil.copyfile(base / name, folder / name)

    stock = StockFolder(
        tensors=in_type(portable_tensors(parts), dtype),
        config=config,
        generation=read_settings(base, "generation_config.json") or _said_by(config),
        write_processor=keep,
        notes={"dtype": f"{dtype}", "tied": config.tie_word_embeddings},
        compare=partial(strange_head, parts.language),
    )
    require_network({name: tensor.header for name, tensor in stock.tensors.items()}, config, dtype)
    return stock


def _said_by(config: LlavaConfig) -> dict[str, Any]:
    """Return ``generation_config.json`` as transformers derives it where a folder has none."""
    settings = GenerationConfig.from_model_config(config).to_diff_dict()
    return {name: value for name, value in settings.items() if name != "_from_model_config"}


def _require_base(path: Path, base: Published) -> None:
    if base.layout != llava_hf.NAME:
        raise WeightsError(
            f"{path}",
            got=f"weights of the layout {base.layout}",
            expected=llava_hf.SUMMARY,
            do="import it first, or name it as a part where you import the changes: --vision, --language",
        )


def _require_changes_alone(path: Path, adapter: Published) -> None:
    whole = [name for name in ("vision", "projector", "language") if getattr(adapter, name) is not None]
    if whole or not adapter.adapters:
        raise WeightsError(
            f"{path}",
            got=f"weights of the layout {adapter.layout}, with {' and '.join(whole) or 'no changes'}",
            expected="changes alone, such as peft saves them",
            do="take it through 'doctorsun weights import', with the base's parts as --vision and --language",
        )
