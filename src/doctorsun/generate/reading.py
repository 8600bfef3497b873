"""What the network computes of its parts when it reads: nothing that no answer needs."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import CLIPVisionModel, LlavaForConditionalGeneration
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from doctorsun.generate.cache import SlotCache
from doctorsun.model.decoder_layer import KNOWN_LAYERS

_Angles = tuple[Float[Tensor, "batch length 1 head_dim"], Float[Tensor, "batch length 1 head_dim"]]
"""Cosines, and sines of which those of the first half of a head are negative."""


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

    def hidden(
        self,
        embeddings: Float[Tensor, "batch length dim"],
        positions: Int[Tensor, "batch length"],
        mask: Float[Tensor, "batch 1 length columns"],
        cache: SlotCache,
        places: Int[Tensor, "batch wanted"] | None,
    ) -> Float[Tensor, "batch wanted dim"]:
        """Read tokens into the cache and return the last hidden states at some of them.

        Args:
            embeddings: of the tokens.
            positions: of the tokens in their sequences.
            mask: added to the attention scores.
            cache: is aimed already.
            places: which tokens' states are wanted, per row; None for all.
        """
        if not self._is_light:
            settings = {"inputs_embeds": embeddings, "attention_mask": mask, "position_ids": positions}
            hidden = self._decoder(**settings, past_key_values=cache, use_cache=True).last_hidden_state
            return hidden if places is None else _taken(hidden, places)
        rotation = _angles(*self._decoder.rotary_emb(embeddings, positions))
        hidden, last = embeddings, len(self._decoder.layers) - 1
        for index, layer in enumerate(self._decoder.layers):
            hidden = _layer(layer, hidden, rotation, mask, cache=cache, places=places if index == last else None)
        return _normed(self._decoder.norm, hidden)


def _layer(
    layer: Any,
    hidden: Float[Tensor, "batch length dim"],
    rotation: _Angles,
    mask: Tensor,
    *,
    cache: SlotCache,
    places: Int[Tensor, "batch wanted"] | None,
) -> Float[Tensor, "batch wanted dim"]:
    """Compute a decoder layer; behind its keys and values, at ``places`` alone where these are given."""
    attention = layer.self_attn
    heads = (-1, attention.head_dim)
    normed = _normed(layer.input_layernorm, hidden)
    key = _turned(attention.k_proj(normed).unflatten(2, heads), rotation).transpose(1, 2)
    value = attention.v_proj(normed).unflatten(2, heads).transpose(1, 2)
    keys, values = cache.update(key, value, attention.layer_idx)
    if places is not None:
        hidden, normed = _taken(hidden, places), _taken(normed, places)
        rotation = (_taken(rotation[0], places), _taken(rotation[1], places))
        mask = mask.gather(2, places[:, None, :, None].expand(-1, 1, -1, mask.shape[3]))
    query = _turned(attention.q_proj(normed).unflatten(2, heads), rotation).transpose(1, 2)
    attended, _ = sdpa_attention_forward(attention, query, keys, values, mask, scaling=attention.scaling)
    hidden = hidden + attention.o_proj(attended.flatten(2))
    return hidden + layer.mlp(_normed(layer.post_attention_layernorm, hidden))


def _angles(cosine: Float[Tensor, "batch length head_dim"], sine: Float[Tensor, "batch length head_dim"]) -> _Angles:
    """Return what `_turned` multiplies with; both halves of a head turn by the same angles."""
    half = sine.shape[-1] // 2
    signed = torch.cat((-sine[..., :half], sine[..., half:]), dim=-1)
    return cosine[:, :, None], signed[:, :, None]


def _turned(heads: Float[Tensor, "batch length heads head_dim"], rotation: _Angles) -> Tensor:
    """Apply rotary positions (Su et al. 2021, arXiv 2104.09864) in fewer calls than training, which keeps memory."""
    cosine, sine = rotation
    return torch.addcmul(heads * cosine, heads.roll(heads.shape[-1] // 2, -1), sine)


def _normed(norm: Any, hidden: Tensor) -> Tensor:
    """Apply a root mean square norm (Zhang and Sennrich 2019, arXiv 1910.07467), computed in fp32 as in Llama."""
    wide = hidden.float()
    inverse = wide.square().mean(-1, keepdim=True).add_(norm.variance_epsilon).rsqrt_()
    return (wide * inverse).to(hidden.dtype).mul_(norm.weight)


def _taken(states: Float[Tensor, "batch length *dim"], places: Int[Tensor, "batch wanted"]) -> Tensor:
    return torch.take_along_dim(states, places.view(*places.shape, *(1,) * (states.dim() - 2)), dim=1)
