"""The words of curation in English and Chinese: what was read, kept and changed, and why samples went."""

CURATION_STRINGS: dict[str, tuple[str, str]] = {
    "card.share": ("Share", "占比"),
    "card.example": ("Example", "示例"),
    "card.curated": ("What curation kept", "筛选结果"),
    "card.curated.lead": (
        "Samples of each data set before and after curation, and why the others went.",
        "各数据来源筛选前后的样本数，以及剔除原因。",
    ),
    "card.read_here": ("Read", "读取"),
    "card.kept": ("Kept", "保留"),
    "card.licences_allowed": ("Licences let in", "允许的许可类别"),
    "card.tests_searched": ("Searched for the questions of", "已核查是否泄漏以下测试集"),
    "card.changed": ("Words changed", "文本有改动的样本数"),
    # steps that change words
    "curation.simplified": ("traditional characters written as simplified ones", "繁体转为简体"),
    "curation.languages": ("another language noted", "更正语言标注"),
    "curation.identifiers": ("identifiers masked", "遮盖身份信息"),
    # reasons of dropped samples
    "drop.licence": ("the licence is not allowed", "许可类别不被允许"),
    "drop.language": ("another language", "语言不符"),
    "drop.too_short": ("too short", "文本过短"),
    "drop.too_long": ("too long", "文本过长"),
    "drop.repeats_itself": ("repeats itself", "内容重复啰嗦"),
    "drop.answer_in_question": ("the question gives the answer away", "问题中已含答案"),
    "drop.identifiers": ("names a patient", "含身份信息"),
    "drop.identifiers_in_options": ("masked options would be equal", "遮盖后选项相同"),
    "drop.image_missing": ("the image is not here", "图像不在此处"),
    "drop.undecodable": ("the image cannot be decoded", "图像无法解码"),
    "drop.other_size": ("the image has another size than noted", "图像尺寸与记录不符"),
    "drop.too_small": ("the image is too small", "图像过小"),
    "drop.strip": ("the image is a strip", "图像过于狭长"),
    "drop.constant": ("the image has one value", "图像灰度恒定"),
    "drop.blank": ("the image shows only background", "图像仅有背景"),
    "drop.in_test_set": ("gives a test away", "与测试集重合"),
}
"""Per key: the English and the Chinese words."""
