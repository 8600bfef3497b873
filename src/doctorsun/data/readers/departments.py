"""Departments as Chinese consultation sites name them, and their ontology ids."""

import functools

from doctorsun.data.ontology.ontology import load_ontology

# Names that are no terms of the ontology. What has no id there (五官科, 家居健康, 其他) stays without.
_ALSO = {
    "心血管科": "cardiology",
    "神经科": "neurology",
    "肝病科": "hepatology",
    "肝病科其它": "hepatology",
    "内科": "internal_medicine",
    "普通内科": "internal_medicine",
    "外科": "general_surgery",
    "皮肤性病科": "dermatology",
    "性病科": "dermatology",
    "传染病科": "infectious_diseases",
    "传染科": "infectious_diseases",
    "耳鼻喉科": "otolaryngology",
    "小儿内科": "paediatrics",
    "小儿综合": "paediatrics",
    "妇科": "obstetrics_gynaecology",
    "妇科综合": "obstetrics_gynaecology",
    "产科综合": "obstetrics_gynaecology",
    "整形美容": "plastic_surgery",
    "男性科": "andrology",
    "中医内科": "traditional_chinese_medicine",
    "肿瘤科其它": "oncology",
}


def department_of(*names: str) -> str:
    """Return the ontology id of the first name that has one, or nothing; the more exact name comes first."""
    known = _departments()
    return next((known[name] for name in names if name in known), "")


@functools.cache
def _departments() -> dict[str, str]:
    terms = {name: id_ for id_, term in load_ontology().departments.items() for name in term.names("zh")}
    return terms | _ALSO
