import torch
from torch import nn

from doctorsun.generate.prompting import requests_for
from doctorsun.generate.request import Request
from doctorsun.generate.thread_share import ThreadShare
from doctorsun.image.raster import image_record
from doctorsun.processor.processor import Processor
from doctorsun.schema import Message, Sample, Source, image_part, text_part


def asked(number: int, data: bytes) -> Sample:
    question = Message(role="user", content=(image_part(), text_part(f"nodule {number}?")))
    reply = Message(role="assistant", content=(text_part(""),))
    return Sample(
        id=str(number), messages=(question, reply), source=Source(dataset="test"), images=(image_record(data),)
    )


def test_questions_on_one_image_share_its_pixels(processor: Processor, png: bytes) -> None:
    samples = [asked(number, png) for number in range(200)]
    with ThreadShare(nn.Linear(1, 1)) as cores:
        prepared = list(requests_for(processor, samples, 3, cores))
    requests = [each for each in prepared if isinstance(each, Request)]
    assert [each.prompt_ids for each in requests] == [
        tuple(processor.prompt(processor.question(sample))) for sample in samples
    ]
    assert len({id(each.pixels[0]) for each in requests}) == 1


def test_no_core_is_left_when_all_is_prepared(processor: Processor, png: bytes) -> None:
    before = torch.get_num_threads()
    with ThreadShare(nn.Linear(1, 1)) as cores:
        list(requests_for(processor, [asked(1, png)], 3, cores))
        assert torch.get_num_threads() == before
