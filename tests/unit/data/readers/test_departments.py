"""Departments of consultation sites have ids of the ontology."""

import pytest

from doctorsun.data.ontology.ontology import load_ontology
from doctorsun.data.readers.departments import department_of


@pytest.mark.parametrize(
    ("names", "department"),
    [
        (("肝病科",), "hepatology"),
        (("心血管科",), "cardiology"),
        (("中医科",), "traditional_chinese_medicine"),
        (("骨科", "外科"), "orthopaedics"),
        (("过敏", "皮肤性病科"), "dermatology"),
        (("家居健康",), ""),
        ((), ""),
    ],
)
def test_the_first_known_name_tells(names, department):
    assert department_of(*names) == department


@pytest.mark.parametrize(
    "name",
    [
        "心血管科",
        "神经科",
        "肝病科",
        "普通内科",
        "外科",
        "性病科",
        "传染科",
        "耳鼻喉科",
        "小儿内科",
        "妇科",
        "整形美容",
        "男性科",
        "中医内科",
        "肿瘤科其它",
    ],
)
def test_every_id_is_one_of_the_ontology(name):
    assert department_of(name) in load_ontology().departments
