"""A decoder layer in training: stock weights and stock arithmetic, in fewer operations than the stock code's.

Nothing is stored for a backward pass that can be had from what is stored already, and the last layer computes only the
positions whose next token counts: its queries, its attention output and its feed-forward part feed nothing else.
"""

from types import MethodType
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
from transformers.models.llama.modeling_llama import LlamaDecoderLayer
from transformers.models.mistral.modeling_mistral import MistralDecoderLayer
from transformers.models.qwen2.modeling_qwen2 import Qwen2DecoderLayer

from doctorsun.model.attention import PackLayout, packed_attention, target_attention

KNOWN_LAYERS = (LlamaDecoderLayer, MistralDecoderLayer, Qwen2DecoderLayer)
"""Layers of one arithmetic: RMS norm, rotary positions, grouped heads, SwiGLU."""


def lighten(decoder: Any) -> bool:
    """Let the layers of a decoder compute packed sequences in fewer operations; tell whether they do.

    A layer that is called without a layout, as generation does, computes as before. Blocks that shall be computed twice
    are told so afterwards (``recompute_blocks``); those that were told before stay as they are.
    """
    layers: list[Any] = list(decoder.layers)
    if getattr(decoder, "is_light", False):
        return True
    if any("forward" in vars(layer) for layer in layers) or not all(
        isinstance(layer, KNOWN_LAYERS) for layer in layers
    ):
        return False
    for layer in layers:
        layer.forward = MethodType(_forward, layer)
    layers[-1].forward = MethodType(_last_forward, layers[-1])
    decoder.is_light = True
    return True


def computed_everywhere(layer: nn.Module) -> frozenset[nn.Module] | None:
    """Return the modules of a last layer that compute all positions; None where the whole layer does."""
    if not isinstance(layer, KNOWN_LAYERS):
        return None
    attention: Any = layer.self_attn
    # CUDA's kernel takes the queries of all positions too; what these cost is not counted.
    return frozenset(module for part in (attention.k_proj, attention.v_proj) for module in part.modules())


def _forward(layer: Any, hidden_states: Tensor, *, layout: PackLayout | None = None, **settings: Any) -> Tensor:
    if layout is None:
        return type(layer).forward(layer, hidden_states, **settings)
    return _packed_forward(layer, hidden_states, layout, settings["position_embeddings"], None)


def _last_forward(
    layer: Any,
    hidden_states: Tensor,
    *,
    layout: PackLayout | None = None,
    supervised: Tensor | None = None,
    **settings: Any,
) -> Tensor:
    if layout is None:
        return type(layer).forward(layer, hidden_states, **settings)
    return _packed_forward(layer, hidden_states, layout, settings["position_embeddings"], supervised)


def _packed_forward(
    layer: Any,
    hidden: Float[Tensor, "1 seq dim"],
    layout: PackLayout,
    rotation: tuple[Float[Tensor, "1 seq head_dim"], Float[Tensor, "1 seq head_dim"]],
    rows: Int[Tensor, " rows"] | None,
) -> Float[Tensor, "1 seq_or_rows dim"]:
    """Compute a layer; of ``rows`` alone where they are given."""
    attention = layer.self_attn
    whole = getattr(attention.config, "sliding_window", None) if isinstance(layer, MistralDecoderLayer) else None
    window = getattr(attention, "sliding_window", whole)  # Qwen2 tells it by layer, Mistral for all
    normed = _normed(layer.input_layernorm, hidden)
    heads = (-1, attention.head_dim)
    key = Rotation.apply(attention.k_proj(normed).unflatten(2, heads), *rotation).transpose(1, 2)
    value = attention.v_proj(normed).unflatten(2, heads).transpose(1, 2)
    masks = layout.target_masks if rows is not None and window is None else None
    if masks is not None:
        normed, rotation = normed[:, rows], (rotation[0][:, rows], rotation[1][:, rows])
    query = Rotation.apply(attention.q_proj(normed).unflatten(2, heads), *rotation).transpose(1, 2)
    scaling = attention.scaling
    if masks is not None:
        attended = target_attention(query, key, value, masks, scaling=scaling).flatten(2)
    else:
        attended, _ = packed_attention(
            attention, query, key, value, None, layout=layout, scaling=scaling, sliding_window=window
        )
        attended = attended.flatten(2) if rows is None else attended.flatten(2)[:, rows]
    hidden = hidden if rows is None else hidden[:, rows]
    hidden = hidden + attention.o_proj(attended)
    return hidden + layer.mlp(_normed(layer.post_attention_layernorm, hidden))


def _normed(norm: Any, hidden: Tensor) -> Tensor:
    return RootMeanSquareNorm.apply(hidden, norm.weight, norm.variance_epsilon)


class RootMeanSquareNorm(torch.autograd.Function):
    """``x / rms(x) * weight`` in fp32, kept for the backward pass as ``x`` and one number a row.

    Source: Zhang and Sennrich 2019, arXiv 1910.07467.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, hidden: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        """Normalise the last axis; the result has the type of ``hidden``."""
        wide = hidden.float()
        inverse = torch.linalg.vector_norm(wide, dim=-1, keepdim=True)
        inverse = inverse.square_().div_(wide.shape[-1]).add_(epsilon).rsqrt_()
        ctx.save_for_backward(hidden, weight, inverse)
        return (wide * inverse).to(hidden.dtype).mul_(weight)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the gradients of ``hidden`` and, where it trains, of ``weight``."""
        hidden, weight, inverse = ctx.saved_tensors
        unit = hidden.float() * inverse
        gradient = gradient.float()
        of_weight = (gradient * unit).flatten(0, -2).sum(0).to(weight.dtype) if ctx.needs_input_grad[1] else None
        scaled = gradient * weight
        along = torch.linalg.vecdot(scaled, unit).unsqueeze_(-1).div_(-unit.shape[-1])
        return scaled.addcmul_(unit, along).mul_(inverse).to(hidden.dtype), of_weight, None


class Rotation(torch.autograd.Function):
    """Rotary positions over the two halves of each head; nothing but the angles is kept for the backward pass.

    Source: Su et al. 2021, arXiv 2104.09864; halves instead of neighbours, as transformers' Llama has them.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, heads: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        """Turn ``heads`` [1, seq, heads, head_dim] by angles [1, seq, head_dim]."""
        ctx.save_for_backward(cosine, sine)
        return _turned(heads, cosine, sine)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Turn back."""
        cosine, sine = ctx.saved_tensors
        return _turned(gradient, cosine, -sine), None, None


def _turned(heads: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    half = heads.shape[-1] // 2
    first, second = heads[..., :half], heads[..., half:]
    cosine, sine = (each[:, :, None, :half].to(heads.dtype) for each in (cosine, sine))
    turned = torch.empty_like(heads, memory_format=torch.contiguous_format)
    torch.mul(first, cosine, out=turned[..., :half]).addcmul_(second, sine, value=-1)
    torch.mul(second, cosine, out=turned[..., half:]).addcmul_(first, sine)
    return turned
