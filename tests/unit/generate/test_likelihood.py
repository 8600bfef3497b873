import copy
from math import exp, log
from typing import Any

import pytest
import torch
from transformers import LlavaForConditionalGeneration

from doctorsun.errors import RequestError
from doctorsun.generate.cache import SlotCache
from doctorsun.generate.engine import LocalEngine
from doctorsun.generate.network import Span
from doctorsun.generate.request import Request
from doctorsun.processor.processor import Processor

FORMS = (((50,),), ((51, 52, 53), (60,)), ((54, 55),), ((50, 60), (7, 50), (7, 51, 9, 50)))


@torch.inference_mode()
def scored_alone(engine: LocalEngine, processor: Processor, request: Request) -> list[float]:
    """Return the scores of options by one full pass for each of their forms."""
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (processor.images.mean, processor.images.std))
    images = {}
    if request.pixels:
        images["pixel_values"] = ((torch.from_numpy(request.pixels[0]) / 255 - mean) / std)[None]
    scores: list[float] = []
    for option in request.options:
        total = 0.0
        for form in option:
            ids = torch.tensor([[*request.prompt_ids, *form]])
            logprobs = engine.network.model(input_ids=ids, **images).logits[0].log_softmax(dim=-1)
            start = len(request.prompt_ids) - 1
            total += exp(float(logprobs[range(start, start + len(form)), form].sum()))
        scores.append(log(total))
    return scores


def test_options_score_as_by_full_passes_and_leave_the_answers_alone(
    engine: LocalEngine, processor: Processor, pictures: list[Any]
) -> None:
    visual = (processor.image_token_id,) * 16
    prompts = [(1, 2, *visual, *words) for words in ((40, 41), (40, 42, 43), (9,))]
    plain = [Request(prompt_ids=ids, pixels=(pictures[i // 2],), max_tokens=4) for i, ids in enumerate(prompts)]
    plain.append(Request(prompt_ids=(5, 6, 7, 8), max_tokens=4))
    wanted = (FORMS, FORMS[:1], (), FORMS[1:])
    asking = [
        Request(prompt_ids=each.prompt_ids, pixels=each.pixels, max_tokens=4, options=options)
        for each, options in zip(plain, wanted, strict=True)
    ]
    tokens = list(engine.generate(asking))
    firsts = {token.request: token for token in reversed(tokens)}
    for number, request in enumerate(asking):
        expected = scored_alone(engine, processor, request)
        assert firsts[number].option_logprobs == pytest.approx(expected, abs=1e-3)
    assert sum(bool(token.option_logprobs) for token in tokens) == 3
    assert [(each.request, each.id) for each in tokens] == [(each.request, each.id) for each in engine.generate(plain)]


@pytest.mark.parametrize("options", [(((5,),), ((),)), (((5,),), ())])
def test_an_option_without_tokens_is_refused(options: Any) -> None:
    with pytest.raises(RequestError, match=r"options: got .*, expected at least one token in each way to write one"):
        Request(prompt_ids=(1, 2), max_tokens=1, options=options)


def test_options_beyond_the_context_are_refused(engine: LocalEngine) -> None:
    request = Request(prompt_ids=(5,) * 2047, max_tokens=1, options=(((5,),), ((5, 6),)))
    with pytest.raises(RequestError, match=r"got 2047 \+ 2 tokens"):
        engine.submit(request)


@torch.inference_mode()
def test_a_form_that_cannot_count_is_not_read(model: LlavaForConditionalGeneration, processor: Processor) -> None:
    sure = copy.deepcopy(model)
    sure.lm_head.weight.mul_(6)
    engine = LocalEngine(sure, image_mean=processor.images.mean, image_std=processor.images.std, max_batch=5)
    prompt = (1, 2, 40, 41)
    logits = engine.network.next_logits(SlotCache(), [Span(row=0, start=0, ids=prompt)])[0]
    likely, unlikely = int(logits.argmax()), int(logits.argmin())
    assert logits[likely] - logits[unlikely] > 9
    lengths: list[int] = []
    layer = engine.network.model.model.language_model.layers[0]
    hook = layer.mlp.register_forward_pre_hook(lambda _module, args: lengths.append(args[0].shape[:-1].numel()))
    both, rare = (
        Request(prompt_ids=prompt, max_tokens=1, options=((*forms, (unlikely, 7, 8)),)) for forms in (((likely,),), ())
    )
    scores = [next(engine.generate([request])).option_logprobs for request in (both, rare)]
    hook.remove()
    assert lengths == [4, 4, 2]
    assert scores[0] == pytest.approx(scored_alone(engine, processor, both), abs=1e-3)
    assert scores[1] == pytest.approx(scored_alone(engine, processor, rare), abs=1e-3)
