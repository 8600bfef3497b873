"""Identifiers are masked by kind; what only looks like one stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctorsun.text.identifiers.mask import PLACEHOLDERS, mask_identifiers


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("患者王小明，男，45岁，因胸痛入院。", "患者[姓名]，男，45岁，因胸痛入院。"),
        ("患者阿依古丽·买买提，女，因发热就诊。", "患者[姓名]，女，因发热就诊。"),
        ("姓名：欧阳丽华 性别：女", "姓名：[姓名] 性别：女"),
        ("姓  名：李 雷", "姓  名：[姓名]"),
        ("报告医师：赵建国 审核医师：孙丽", "报告医师：[姓名] 审核医师：[姓名]"),
        ("请张医生看，和李主任会诊", "请[姓名]医生看，和[姓名]主任会诊"),
        ("Mr. John Smith was seen by Dr. Emily O'Brien.", "Mr. [NAME] was seen by Dr. [NAME]."),
        ("Patient: Smith, John A. Findings: none", "Patient: [NAME] Findings: none"),
        ("Zhang Wei was admitted.", "[NAME] was admitted."),
        ("老伴吴玉梅陪着来的，大名杨紫涵，3岁。", "老伴[姓名]陪着来的，大名[姓名]，3岁。"),
        ("张伟明的CT示右肺结节", "[姓名]的CT示右肺结节"),
        ("主任医师李建国审核", "主任医师[姓名]审核"),
        ("放射科 王芳 诊断医师", "放射科 [姓名] 诊断医师"),
        (
            "王先生的儿子小明，患儿小红因发热就诊，女儿叫阿芳",
            "[姓名]先生的儿子[姓名]，患儿[姓名]因发热就诊，女儿叫[姓名]",
        ),
        ("pt mary jones 54yo F", "pt [NAME] 54yo F"),
        ("PT MARY JONES, 54 y/o, pain", "PT [NAME], 54 y/o, pain"),
        ("Smith J. and Wang, W. agree", "[NAME] and [NAME] agree"),
        ("mom is Lily Chen; Mum Lily Chen came", "mom is [NAME]; Mum [NAME] came"),
        ("Name: S M I T H", "Name: [NAME]"),
        (
            "Patient: S M I T H, J O H N  Age: 5. Mr S M I T H, Name: J R R Tolkien",
            "Patient: [NAME]  Age: 5. Mr [NAME], Name: [NAME]",
        ),
        ("Li Ming is a herb seller; Wang Wei is a nurse.", "[NAME] is a herb seller; [NAME] is a nurse."),
        (
            "Referred by Kowalski, Anna for pain; her son Jacob is well.",
            "Referred by [NAME] for pain; her son [NAME] is well.",
        ),
        ("电话：138 0013 8000", "电话：[电话]"),
        ("拨打１３８００１３８０００", "拨打[电话]"),
        ("电话：一三八一二三四五六七八", "电话：[电话]"),
        ("手机幺三八 一二三四 五六七八，座机〇一〇六五一二三四五六", "手机[电话]，座机[电话]"),
        ("Tel 138\u200b1234\u200b5678", "Tel [PHONE]"),
        ("患\u2060者王\u200b小\ufeff明，男，拨打\u200d13800138000", "患\u2060者[姓名]，男，拨打\u200d[电话]"),
        ("see\u200b13800138000", "see\u200b[PHONE]"),
        ("(010) 6512-3456转801", "[电话]"),
        ("Call +44 20 7946 0958 or (415) 555-2671 x12.", "Call [PHONE] or [PHONE]."),
        ("身份证号11010519491231002X", "身份证号[证件号]"),
        ("号码 11010519491231002X 已登记", "号码 [证件号] 已登记"),
        ("SSN 123-45-6789, NHS 943 476 5919", "SSN [ID], NHS [ID]"),
        ("住院号：Z0012345，床号：12，病案号 88-1234", "住院号：[病历号]，床号：[病历号]，病案号 [病历号]"),
        ("MRN: 00123456, accession number A-77812", "MRN: [RECORD], accession number [RECORD]"),
        ("家住四川省成都市武侯区人民南路四段12号3栋501室，", "家住[地址]，"),
        ("at 221 Baker Street, London NW1 6XE.", "at [ADDRESS]."),
        ("2023年5月6日复查，二〇二三年六月一日出院，6月16号", "[日期]复查，[日期]出院，[日期]"),
        ("2023-05-06, March 3, 2020, 12 JAN 2020, 03/14/1956", "[DATE], [DATE], [DATE], [DATE]"),
        ("发到a.b@163.com，网址www.nih.gov/x", "发到[邮箱]，网址[网址]"),
        ("pt jane doe, 33F, came; JOHN SMITH 54M with COPD", "pt [NAME], 33F, came; [NAME] 54M with COPD"),
        ("Patient Garcia was admitted", "Patient [NAME] was admitted"),
        ("Electronically signed by NOWAK, B", "Electronically signed by [NAME]"),
        ("seen 2021-Mar-04; ID: ZY010001234567, Hosp No 123456", "seen [DATE]; ID: [RECORD], Hosp No [RECORD]"),
        ("住院号 No. Z12345，二一年三月四日入院", "住院号 No. [病历号]，[日期]入院"),
        ("老家湖南长沙县黄花镇", "老家[地址]"),
        ("加微信：lina_1988，QQ 123456789", "加微信：[账号]，QQ [账号]"),
    ],
)
def test_identifiers_are_masked(text, masked):
    assert mask_identifiers(text).text == masked


@pytest.mark.parametrize(
    "text",
    [
        "患者高血压病史10年，白细胞12.5×10^9/L，血压120/80mmHg，3年前手术，2023版指南。",
        "帕金森病，克罗恩病，法洛四联症，阿尔茨海默病，《黄帝内经·素问》",
        "可以向医生咨询，由于医生忙，当时医生说，家庭医生和中医生，任何医生",
        "患者黄疸，患者何时出现，患者白天，病人常常咳嗽，患者于昨日入院",
        "Parkinson disease, Crohn's disease, Marcus Gunn pupil, Charles Bonnet syndrome, Li-Fraumeni syndrome",
        "Day 2: 5 mg twice daily for 3 weeks in May, pain 3/10, T2N0M0, 120/80 mmHg, HbA1c 7.2 %",
        "In 2019, the lesion measured 12 x 8.5 x 30 mm. Grade 3, stage IIIB, L4-L5, C5/6.",
        "HBV-DNA 20807000 copies/ml，除以10的7次方，拨打120",
        "一二三四五六七八九十，\u200b心\u200b肺未见异常，cardio\u00admegaly",
        "<image>\n<ref>Baker cyst</ref><box>[[120, 130, 455, 600]]</box> A. 左肺 B. 右肺 C. 2020",
        "Xu Changqing is a herb 徐长卿. Ma Huang is a warming Chinese herb, and Du Zhong root is, too.",
        "高清晰的CT示，单侧的CT，全面的检查报告，医师应仔细审核，主任严格审核，成都 医生，全科 医生",
        "儿子小腿疼，女儿小手的皮肤，宝宝小便，孩子小时候，孩子小，女儿小学，孩子小点，妹妹阿姨",
        "patient may be 54yo, mark aged 54 yo. A. Colles B. Smith C. Barton. Vitamin D.",
        "Dr. MRI, Reviewed by CT, A; read by MRI, B; PubMed ID: 12345678, ID: A1. Patient Baker cyst, 二三年三月",
        "Mother is Type Two, father was Stage Four, patient is Full Code",
        "Patient: A, B, C. Patient: Yes, I have. Doctor: Hello",
        "I asked Dr. Google, seen by Cardiology, Surgery; her son Has fever. 久闻大名，大名单已公布，大名鼎鼎",
        "",
    ],
)
def test_what_only_looks_like_an_identifier_stays(text):
    assert mask_identifiers(text).text == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (
            "Patient 姓名：王小明 was seen on 2023-05-06 by Dr. Smith for cough.",
            "Patient 姓名：[NAME] was seen on [DATE] by Dr. [NAME] for cough.",
        ),
        ("患者今日复查，Dr. Smith已告知CT未见异常，2023-05-06", "患者今日复查，Dr. [姓名]已告知CT未见异常，[日期]"),
        ("Dr. Smith 看过，Tel 13800138000", "Dr. [姓名] 看过，Tel [电话]"),
        ("<image>\n<ref>肺</ref>张建国医生", "<image>\n<ref>肺</ref>[姓名]医生"),
        ("2020年3月5日", "[日期]"),
        ("13800138000", "[PHONE]"),
    ],
)
def test_placeholders_of_a_text_are_of_the_language_that_prevails_in_it(text, masked):
    assert mask_identifiers(text).text == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Patient 王小明 was seen", "Patient [NAME] was seen"),
        ("Pt: 欧阳明月, seen by Dr. 李 and Dr 陈静怡.", "Pt: [NAME], seen by Dr. [NAME] and Dr [NAME]."),
        ("王小明's CT is normal; 张丽华 presented with fever.", "[NAME]'s CT is normal; [NAME] presented with fever."),
        ("Wang Xiaoming (王小明) came; my name is 张伟.", "[NAME] ([NAME]) came; my name is [NAME]."),
        ("患者Smith, John今日复查", "患者[姓名]今日复查"),
        ("患者 Johnson，女，因腹痛入院；我叫Kowalski，说", "患者 [姓名]，女，因腹痛入院；我叫[姓名]，说"),
        ("Smith医生看过，Emily Clark女士已签字", "[姓名]医生看过，[姓名]女士已签字"),
        ("Patient 欧阳 was seen", "Patient [NAME] was seen"),
        ("丈夫David陪同，患者Nowak入院", "丈夫[姓名]陪同，患者[姓名]入院"),
        ("患者Zbigniew Kowalski今日复查", "患者[姓名]今日复查"),
    ],
)
def test_names_beside_words_of_the_other_script_are_masked(text, masked):
    assert mask_identifiers(text).text == masked


@pytest.mark.parametrize(
    "text",
    [
        "Patient 高血压 for 10 years, 黄疸 since; called 马兜铃; treated by 针灸 and 康复; 黄芪 is a herb (何首乌).",
        "患者Child Pugh评分B级，患者Ann Arbor分期II期，患者Helicobacter Pylori阳性，患者Holter示早搏",
        "患者Graves病，因突眼就诊；患者Barrett食管，因反酸入院；孕妇Down筛查；患者CT，MRI未见异常；Mayo医院",
        "医生Ommaya囊，护士Braden评分，Google护士站",
        "患者Tylenol，患者Follow-up，家属Consent已签，家属Refused，家属Agree，丈夫Smoker，医生Note，主任Round",
    ],
)
def test_words_of_the_other_script_stay(text):
    assert mask_identifiers(text).text == text


def test_placeholders_may_be_of_a_language_that_is_chosen():
    assert mask_identifiers("13800138000", "zh").text == "[电话]"
    assert mask_identifiers("电话13800138000", "en").text == "电话[PHONE]"


def test_counts_are_told_by_kind():
    counts = mask_identifiers("张医生电话13800138000，李医生2020年3月5日").counts
    assert counts == {"name": 2, "phone": 1, "date": 1}


@given(st.text(alphabet="王李张医生患者,，:：0123456789 -年月日路号市ABcde.@x\n<>[]", max_size=60))
def test_masking_twice_changes_nothing_more(text):
    once = mask_identifiers(text).text
    twice = mask_identifiers(once).text
    for words in PLACEHOLDERS.values():
        assert sum(once.count(word) for word in words) <= sum(twice.count(word) for word in words)
