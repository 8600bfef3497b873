"""How likely a model finds each of several given continuations."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from doctorsun.errors import RequestError
from doctorsun.generate.cache import SlotCache
from doctorsun.generate.engine import LocalEngine
from doctorsun.generate.network import Span, picture
from doctorsun.generate.request import Request


@torch.inference_mode()
def option_logprobs(engine: LocalEngine, request: Request, options_ids: Sequence[Sequence[int]]) -> list[float]:
    """Return the natural log-probability of each option as the continuation of the prompt.

    The prompt is read once for all options. Longer options have lower sums; the caller decides on normalisation.

    Args:
        engine: the model to ask.
        request: the prompt and its images; its sampling settings and ``max_tokens`` play no part.
        options_ids: token ids of every option.

    Raises:
        RequestError: an option has no token, or prompt and images do not fit the model.
    """
    if not options_ids or not all(options_ids):
        raise RequestError(
            "options", got=str([list(ids) for ids in options_ids]), expected="at least one token in each"
        )
    network, cache = engine.network, SlotCache()
    network.check(replace(request, max_tokens=max(len(option) for option in options_ids)))
    prompt = request.prompt_ids
    pictures = tuple(picture(pixels) for pixels in request.pixels)
    first = network.next_logits(cache, [Span(row=0, start=0, ids=prompt, pictures=pictures)])[0].log_softmax(dim=-1)
    scores = [float(first[option[0]]) for option in options_ids]
    longer = [i for i, option in enumerate(options_ids) if len(option) > 1]
    for row in longer:
        cache.copy(0, row, len(prompt))
    spans = [Span(row=row, start=len(prompt), ids=tuple(options_ids[row][:-1])) for row in longer]
    for indices, hidden in network.read(cache, spans):
        logprobs = network.logits(hidden).log_softmax(dim=-1)
        for place, row in enumerate(longer[i] for i in indices):
            targets = torch.tensor(options_ids[row][1:], device=network.device)
            scores[row] += float(logprobs[place, torch.arange(len(targets)), targets].sum())
    return scores
