"""Changes that were trained on an InternLM2, as changes of the Llama that it is."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from doctorsun.weights.internlm2 import llama_tensors
from doctorsun.weights.parts import Adapter

WHERE = "the adapter of the language part"


def llama_adapter(adapter: Adapter, config: Mapping[str, Any]) -> Adapter:
    """Return an adapter by LlamaForCausalLM's names; one that has them already stays as it is.

    Of the fused queries, keys and values each side takes its rows of ``up``, and ``down`` as it is.

    Args:
        adapter: of a language model.
        config: of the Llama, which tells the heads.

    Raises:
        WeightsError: a fused matrix does not have the rows of the heads.
    """
    pairs = {
        name: replace(pair, up=up)
        for fused, pair in adapter.pairs.items()
        for name, up in llama_tensors({fused: pair.up}, config, where=WHERE).items()
    }
    return replace(adapter, pairs=pairs, replaced=llama_tensors(adapter.replaced, config, where=WHERE))
