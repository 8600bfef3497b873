"""Facts of weights, put for people."""

from doctorsun.cli.facts_of_weights import facts_of_import, facts_of_weights

FACTS = {
    "layout": "clip",
    "summary": "a tower",
    "loads": {"how": "no"},
    "dtype": "float16",
    "adapters": {},
    "image": {"mean": [0.48145466, 0.5], "fit": None, "size_px": 336},
    "rope": {"theta": 500000.0, "scaling": None},
    "special_tokens": {
        "pad": None, "bos": {"token": "<s>", "id": 1}, "eos": {"token": "</s>", "id": None}, "stop_ids": [2, 7]
    },
    "left_over": {"tied": {"tensors": 1, "first": "a"}, "counted anew": {"tensors": 1200, "first": "b"}},
    "strange": ["one", "two"],
    "files_bytes": {"model.bin": 16_709_497_000, "config.json": 512},
}  # fmt: skip


def test_what_was_found_stands_with_units_and_names():
    assert facts_of_weights(FACTS) == {
        "layout": "clip: a tower",
        "dtype": "float16",
        "image": {"mean": "0.4815 0.5", "fit": "not said", "size_px": 336},
        "rope": {"theta": 500000, "scaling": "none"},
        "special_tokens": {"pad": "none", "bos": "<s> (1)", "eos": "</s> (no such token)", "stop_ids": "2 7"},
        "left_over": {"tied": "a", "counted anew": "1,200 tensors, the first b"},
        "strange": ["one", "two"],
        "files": {"model.bin": "16.7 GB", "config.json": "512 B", "all": "16.7 GB"},
    }


def test_an_import_tells_its_sources_and_what_it_added():
    report = {
        "sources": {"source": {"from": "a", "strange": [], "left_over": {"tied": ["x", "y"]}}, "vision": {"from": "b"}},
        "options": {"chat": "plain"},
        "added_tokens": {"<image>": 7},
        "tied": False,
        "versions": {"torch": "2"},
    }
    assert facts_of_import(report) == {
        "source": {"from": "a", "left_over": {"tied": "2 tensors, the first x"}},
        "vision": {"from": "b"},
        "added_tokens": {"<image>": 7},
        "tied": False,
    }
