"""What the network computes of its parts when it reads: nothing that no answer needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import CLIPVisionModel, LlavaForConditionalGeneration
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from doctorsun.generate.cache import Aim, SlotCache
from doctorsun.model.decoder_layer import KNOWN_LAYERS

_Angles = tuple[Float[Tensor, "tokens 1 head_dim"], Float[Tensor, "tokens 1 head_dim"]]
"""Cosines, and sines of which those of the first half of a head are negative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Tokens of some sequences, about as many of each; a pass reads several blocks.

    Attributes:
        embeddings: of the tokens, padded on the right.
        positions: of the tokens in their sequences.
        mask: added to the attention scores.
        aim: where keys and values lie in the cache.
        places: which tokens' states are wanted, per sequence; None for all.
    """

    embeddings: Float[Tensor, "batch length dim"]
    positions: Int[Tensor, "batch length"]
    mask: Float[Tensor, "batch 1 length columns"]
    aim: Aim
    places: Int[Tensor, "batch wanted"] | None


class Reader:
    """Runs the tower, the projector and the decoder of a stock LLaVA, each part as far as it is needed.

    The tower stops at the layer that the projector reads. The decoder's last layer computes queries, attention and
    feed-forward part only where its output is wanted; its keys and values are computed everywhere. Towers and decoders
    of other kinds than CLIP and Llama, and decoders without ``sdpa``, run as transformers runs them.

    Args:
        model: as loaded by transformers.
    """

    def __init__(self, model: LlavaForConditionalGeneration) -> None:
        self._model = model
        self._decoder: Any = model.model.language_model
        self._tower: Any = model.model.vision_tower
        layers = list(self._decoder.layers)
        is_stock = getattr(self._decoder.config, "_attn_implementation", None) != "sdpa"
        self._is_light = not is_stock and all(type(layer) in KNOWN_LAYERS for layer in layers)
        feature_layer = model.config.vision_feature_layer
        self._num_vision_layers = None
        if isinstance(self._tower, CLIPVisionModel) and isinstance(feature_layer, int):
            num_layers = len(self._tower.encoder.layers)
            self._num_vision_layers = feature_layer if feature_layer >= 0 else num_layers + 1 + feature_layer

    def visual_tokens(self, pixel_values: Float[Tensor, "images 3 size size"]) -> Float[Tensor, "images tokens dim"]:
        """Encode and project images."""
        if self._num_vision_layers is None:
            found: Any = self._model.get_image_features(pixel_values)
            return torch.stack(list(found.pooler_output))
        hidden = self._tower.pre_layrnorm(self._tower.embeddings(pixel_values))
        for layer in self._tower.encoder.layers[: self._num_vision_layers]:
            hidden = layer(hidden, None)
        first_patch = 1 if self._model.config.vision_feature_select_strategy == "default" else 0
        return self._model.model.multi_modal_projector(hidden[:, first_patch:])

    def hidden(self, blocks: Sequence[Block], cache: SlotCache) -> list[Float[Tensor, "batch wanted dim"]]:
        """Read tokens into the cache and return the last hidden states of each block, at some of its tokens or at all.

        All tokens pass the weights together, whatever sequences they are of; only attention knows blocks.
        """
        if not self._is_light:
            return [self._stock_hidden(block, cache) for block in blocks]
        hidden = torch.cat([block.embeddings.flatten(0, 1) for block in blocks])
        rotation = _angles(self._decoder, hidden, blocks)
        *layers, last = self._decoder.layers
        for layer in layers:
            hidden = _layer(layer, hidden, rotation, blocks, cache=cache, wanted=None)
        wanted = None if any(block.places is None for block in blocks) else _wanted(blocks)
        hidden = _normed(self._decoder.norm, _layer(last, hidden, rotation, blocks, cache=cache, wanted=wanted))
        return _parts(hidden, blocks, narrow=wanted is not None)

    def _stock_hidden(self, block: Block, cache: SlotCache) -> Float[Tensor, "batch wanted dim"]:
        cache.use(block.aim)
        settings = {"inputs_embeds": block.embeddings, "attention_mask": block.mask, "position_ids": block.positions}
        hidden = self._decoder(**settings, past_key_values=cache, use_cache=True).last_hidden_state
        if block.places is None:
            return hidden
        return hidden.gather(1, block.places[:, :, None].expand(-1, -1, hidden.shape[2]))


def _layer(
    layer: Any,
    hidden: Float[Tensor, "tokens dim"],
    rotation: _Angles,
    blocks: Sequence[Block],
    *,
    cache: SlotCache,
    wanted: Int[Tensor, " wanted"] | None,
) -> Float[Tensor, "wanted dim"]:
    """Compute a decoder layer; behind its keys and values, of the wanted tokens alone where these are given."""
    attention = layer.self_attn
    heads = (-1, attention.head_dim)
    normed = _normed(layer.input_layernorm, hidden)
    keys = _turned(attention.k_proj(normed).unflatten(1, heads), rotation)
    values = attention.v_proj(normed).unflatten(1, heads)
    if wanted is not None:
        hidden, normed, rotation = hidden[wanted], normed[wanted], (rotation[0][wanted], rotation[1][wanted])
    queries = _turned(attention.q_proj(normed).unflatten(1, heads), rotation)
    is_narrow = wanted is not None
    states = zip(_parts(queries, blocks, narrow=is_narrow), _parts(keys, blocks), _parts(values, blocks), strict=True)
    attended = [_attended(attention, part, block, cache) for part, block in zip(states, blocks, strict=True)]
    hidden = hidden + attention.o_proj(torch.cat(attended))
    return hidden + layer.mlp(_normed(layer.post_attention_layernorm, hidden))


def _attended(
    attention: Any, states: tuple[Tensor, Tensor, Tensor], block: Block, cache: SlotCache
) -> Float[Tensor, "tokens dim"]:
    """Return what the tokens of a block see, by their queries, keys and values ``[batch, length, heads, head_dim]``."""
    query, key, value = states
    cache.use(block.aim)
    keys, values = cache.update(key.transpose(1, 2), value.transpose(1, 2), attention.layer_idx)
    mask = block.mask
    if query.shape[1] < mask.shape[2] and block.places is not None:
        mask = mask.gather(2, block.places[:, None, :, None].expand(-1, 1, -1, mask.shape[3]))
    seen, _ = sdpa_attention_forward(attention, query.transpose(1, 2), keys, values, mask, scaling=attention.scaling)
    return seen.flatten(2).flatten(0, 1)


def _parts(states: Tensor, blocks: Sequence[Block], *, narrow: bool = False) -> list[Tensor]:
    """Return the states of each block, by sequence; ``narrow`` where only the wanted tokens have some."""
    shapes = [(block.places if narrow and block.places is not None else block.positions).shape for block in blocks]
    parts = states.split([shape.numel() for shape in shapes])
    return [part.unflatten(0, shape) for part, shape in zip(parts, shapes, strict=True)]


def _wanted(blocks: Sequence[Block]) -> Int[Tensor, " wanted"]:
    """Return the places of the wanted tokens among those of all blocks."""
    starts = accumulate((block.positions.numel() for block in blocks), initial=0)
    found: list[Tensor] = []
    for start, block in zip(starts, blocks, strict=False):
        batch, length = block.positions.shape
        rows = torch.arange(start, start + batch * length, length, device=block.positions.device)
        if block.places is not None:
            found.append((rows[:, None] + block.places).flatten())
    return torch.cat(found)


def _angles(decoder: Any, hidden: Float[Tensor, "tokens dim"], blocks: Sequence[Block]) -> _Angles:
    """Return what `_turned` multiplies with; both halves of a head turn by the same angles."""
    positions = torch.cat([block.positions.flatten() for block in blocks])
    cosine, sine = (each[0, :, None] for each in decoder.rotary_emb(hidden[None], positions[None]))
    half = sine.shape[-1] // 2
    return cosine, torch.cat((-sine[..., :half], sine[..., half:]), dim=-1)


def _turned(heads: Float[Tensor, "tokens heads head_dim"], rotation: _Angles) -> Float[Tensor, "tokens heads head_dim"]:
    """Apply rotary positions (Su et al. 2021, arXiv 2104.09864) in fewer calls than training, which saves memory."""
    cosine, sine = rotation
    return torch.addcmul(heads * cosine, heads.roll(heads.shape[-1] // 2, -1), sine)


def _normed(norm: Any, hidden: Tensor) -> Tensor:
    """Apply a root mean square norm (Zhang and Sennrich 2019, arXiv 1910.07467), computed in fp32 as in Llama."""
    wide = hidden.float()
    inverse = wide.square().mean(-1, keepdim=True).add_(norm.variance_epsilon).rsqrt_()
    return (wide * inverse).to(hidden.dtype).mul_(norm.weight)
