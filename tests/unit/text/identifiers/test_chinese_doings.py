"""Names of persons in Chinese text that is not cut by marks, and frequent names of well-known persons."""

import pytest

from doctorsun.text.identifiers.mask import mask_identifiers

NAMES = ("李娜", "王芳", "张伟", "钟南山", "李桂兰", "王秀梅", "欧阳靖", "陈静", "黄敏", "孙建国", "刘翔", "习近平")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "frame",
    [
        "患者{}患肺炎",
        "患者{}的右肺未见异常",
        "患者{}今日好转",
        "患者{}因胸痛入院",
        "患者{}有高血压",
        "母亲{}患糖尿病",
        "我妈叫{}",
        "我爸{}去世",
        "12床{}今晨胸痛",
        "12床 {}",
        "妻子{}代诉",
    ],
)
def test_a_name_is_masked_before_what_the_person_does(name, frame):
    assert mask_identifiers(frame.format(name)).text == frame.format("[姓名]")


@pytest.mark.parametrize("name", ["李娜", "刘翔", "钟南山", "习近平", "李宁", "王勇"])
@pytest.mark.parametrize(
    "frame",
    [
        "患者{}，女，50岁",
        "报告医师：{}",
        "联系人{}，男",
        "Patient {} was seen",
        "Signed: {} MD",
        "Dr. {} agreed",
    ],
)
def test_frequent_names_are_masked_behind_a_role(name, frame):
    assert mask_identifiers(frame.format(name), "zh").text == frame.format("[姓名]")


@pytest.mark.parametrize(
    "text",
    [
        "患者易怒，患者柏子仁，Patient 石淋 was seen, wife 易怒 says",
        "患者高热的原因，患者白天有咳嗽，患者陈旧性心梗，患者黄疸今日加重，患者张口有弹响，患者胡同里跌倒",
        "患者孙女陪同，患者马上入院，病人常因劳累，患者何时出院，患者安静的休息，患者周全的护理，患者金葡菌的感染",
        "12床的患者，3床边，5床有空，病床高度，12床高流量吸氧，中医师傅进行治疗，实习医生，见习医师",
    ],
)
def test_words_before_what_a_person_does_stay(text):
    masked = mask_identifiers(text).text
    assert "姓名" not in masked
    assert "NAME" not in masked
