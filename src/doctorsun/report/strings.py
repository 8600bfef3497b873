"""The words of the report in English and Chinese."""

from typing import Literal

from doctorsun.report.card_strings import CARD_STRINGS
from doctorsun.report.curation_strings import CURATION_STRINGS
from doctorsun.report.evaluation.strings import EVALUATION_STRINGS
from doctorsun.report.leak_strings import LEAK_STRINGS

Language = Literal["en", "zh"]

STRINGS: dict[str, tuple[str, str]] = {
    "title": ("Run report", "运行报告"),
    "research_only": (
        "For research use only. Not a medical device; not for diagnosis or treatment.",
        "仅供研究使用。不是医疗器械，不得用于诊断或治疗。",
    ),
    "state.finished": ("Finished", "已完成"),
    "state.running": ("In progress", "进行中"),
    "state.refresh": ("This page renews itself every 15 seconds.", "本页每 15 秒自动刷新。"),
    "not_yet": ("Not yet.", "尚无。"),
    "step": ("step", "步"),
    "steps": ("steps", "步"),
    "of": ("of", "/"),
    "started": ("Started", "开始"),
    "finished": ("Finished", "结束"),
    "wall": ("Training and evaluation", "训练与评测耗时"),
    "seed": ("Seed", "随机种子"),
    # results
    "results": ("Results", "评测结果"),
    "results.lead": (
        (
            "Held-out test questions. Bars are 95% intervals clustered by image. A control answers the same questions "
            "without the right image; the margin is the model minus its best control."
        ),
        (
            "使用留出的测试问题。"
            "横线为按图像聚类的 95% 置信区间。对照组在没有正确图像的情况下回答相同的问题；差值为模型减去最佳对照。"
        ),
    ),
    "results.injection": (
        "Prompt injection, attacks followed: not measured by a run; see 'doctorsun eval RUN --task injection'.",
        "提示注入攻击成功率：运行中不测量；可用 'doctorsun eval RUN --task injection' 测量。",
    ),
    "results.type.lead": (
        (
            "Every type of question that was asked. “Unproven” means that the model is not shown to lie above "
            "each control (paired test where there is one, else intervals apart): nothing is shown to be learned."
        ),
        "列出全部题型。“未证实”指未显示出模型高于每个对照（有配对检验时以其为准，否则要求置信区间不重叠），即未显示出学习效果。",
    ),
    "slice.question_type": ("By question type", "按题型"),
    "slice.modality": ("By modality", "按成像方式"),
    "slice.anatomy": ("By organ", "按器官"),
    "slice.leakage": ("By contact with the training data", "按是否见于训练数据"),
    "slice.image_leakage": ("By contact of the image with the training data", "按图像是否见于训练数据"),
    "slice.question_leakage": ("By contact of the question with the training data", "按问题是否见于训练数据"),
    "language": ("Language", "语言"),
    "kind": ("Questions", "问题"),
    "metric": ("Metric", "指标"),
    "n": ("n", "题数"),
    "invalid": ("unreadable", "无法解析"),
    "model": ("Model", "模型"),
    "interval": ("95% interval", "95% 置信区间"),
    "best_control": ("Best control", "最佳对照"),
    "margin": ("Margin", "差值"),
    "points": ("points", "个百分点"),
    "unproven": ("unproven", "未证实"),
    "task": ("Task", "任务"),
    "evaluated_in": ("evaluated in", "评测耗时"),
    "mark.real": ("Model", "模型"),
    "mark.blank": ("Blank image", "空白图像"),
    "mark.noise": ("Noise", "噪声图像"),
    "mark.shuffled": ("Another patient’s image", "其他患者的图像"),
    "mark.none": ("No image", "无图像"),
    "mark.prior": ("Majority answer of the training set", "训练集中的多数答案"),
    "mark.constant": ("Best constant answer", "最佳固定回答"),
    "short.blank": ("Blank", "空白"),
    "short.noise": ("Noise", "噪声"),
    "short.shuffled": ("Other patient", "其他患者"),
    "short.none": ("No image", "无图像"),
    "short.prior": ("Majority", "多数答案"),
    "short.constant": ("Constant", "固定回答"),
    "kind.closed": ("Closed", "是非题"),
    "kind.mcq": ("Multiple choice", "单选题"),
    "kind.mcq_multi": ("Multiple answers", "多选题"),
    "kind.open": ("Open", "开放题"),
    "kind.report": ("Report", "报告"),
    "kind.box": ("Localisation", "定位"),
    "metric.accuracy": ("accuracy", "准确率"),
    "metric.macro_accuracy": ("accuracy, mean over types", "各题型平均准确率"),
    "metric.precision": ("token precision", "词元精确率"),
    "metric.recall": ("token recall", "词元召回率"),
    "metric.f1": ("token F1", "词元 F1"),
    "metric.exact": ("exact match", "完全匹配率"),
    "metric.word_f1": ("word F1", "词级 F1"),
    "metric.jaccard": ("Jaccard index", "Jaccard 系数"),
    "metric.rouge_l": ("ROUGE-L", "ROUGE-L"),
    "metric.iou": ("mean IoU", "平均交并比"),
    "type.ct_mr": ("CT or MR image", "CT或磁共振图像"),
    "type.modality": ("modality", "成像方式"),
    "type.plane": ("plane", "切面"),
    "type.presence": ("presence", "有无"),
    "type.side": ("side", "侧别"),
    "type.zone": ("zone", "区域"),
    "type.count": ("count", "计数"),
    "type.size": ("size", "大小"),
    "type.box": ("localisation", "定位"),
    "type.boxes": ("localisation of several", "多目标定位"),
    "type.region": ("naming a region", "区域识别"),
    "type.place": ("place in the picture", "图中位置"),
    "type.class": ("class", "分类"),
    "type.grade": ("grade", "分级"),
    "type.number": ("number", "数目"),
    "type.areas": ("separate areas", "独立区域数"),
    "type.share": ("share of the picture", "面积占比"),
    "type.larger": ("which is larger", "面积比较"),
    "type.more": ("which are more", "数目比较"),
    "type.normal": ("normal or not", "是否正常"),
    "type.unknown": ("cannot be determined", "无法确定"),
    "type.department": ("department", "科室"),
    "type.caption": ("caption", "图注"),
    "type.report": ("report", "报告"),
    "type.text": ("text", "文本"),
    "type.medical": ("medical", "医学"),
    "type.general": ("general", "通用"),
    "language.en": ("English", "英文"),
    "language.zh": ("Chinese", "中文"),
    "language.mixed": ("Mixed", "混合"),
    # gallery
    "gallery": ("Held-out images", "留出图像"),
    "gallery.lead": (
        "Chosen by a fixed rule for variety, right and wrong answers in turn: not a random sample.",
        "按固定规则挑选以求多样，正确与错误交替出现，并非随机抽样。",
    ),
    "question": ("Question", "问题"),
    "truth": ("Truth", "标准答案"),
    "answer": ("Answer", "模型回答"),
    "no_answer": ("(no answer)", "（无回答）"),
    "dashed_box": ("dashed box", "虚线框"),
    "solid_box": ("solid box", "实线框"),
    "verdict.right": ("Right", "正确"),
    "verdict.partly": ("Partly right", "部分正确"),
    "verdict.wrong": ("Wrong", "错误"),
    # training
    "training": ("Training", "训练"),
    "loss": ("Loss", "损失"),
    "loss.validation": ("dots: validation", "圆点：验证集"),
    "loss.best": ("best", "最佳"),
    "loss.kept": ("its weights were kept", "保留该步权重"),
    "loss_by_source": ("Loss by source", "各来源的损失"),
    "loss_by_language": ("Loss by language", "各语言的损失"),
    "scores_at_intervals": ("Scores during training", "训练期间的得分"),
    "lr": ("Learning rate", "学习率"),
    "mfu": ("Share of the machine’s ceiling", "占机器算力上限的比例"),
    "loader_wait": ("of the time waiting for data", "的时间在等待数据"),
    "peak_memory": ("of memory at most", "内存峰值"),
    "throughput.supervised_tokens": ("Supervised tokens per second", "每秒监督词元数"),
    "throughput.labels": ("Labels per second", "每秒标签数"),
    "throughput.pairs": ("Pairs of replies per second", "每秒回复对数"),
    "reward_accuracy": ("Pairs whose better reply is preferred", "偏好正确的回复对比例"),
    "reward_margin": ("Reward margin", "奖励差值"),
    "samples_per_s": ("samples/s", "样本/秒"),
    "trainable": ("trainable parameters", "可训练参数"),
    "samples": ("samples", "样本"),
    "unreadable_lines": (
        "lines of metrics.jsonl were cut short by an interruption and are left out",
        "行 metrics.jsonl 记录因中断而不完整，已略去",
    ),
    # data
    "data": ("Data", "数据"),
    "data.store": ("Store", "数据集"),
    "data.read": ("Read", "读取"),
    "data.kept": ("Kept", "保留"),
    "data.dropped": ("Dropped", "剔除"),
    "data.rows": ("Samples", "样本"),
    "data.sha256": ("SHA-256", "SHA-256"),
    "data.mixture": ("Mixture of each stage", "各阶段数据配比"),
    "data.shares": ("What the training data holds", "训练数据构成"),
    "data.why": ("Dropped, and why", "剔除的数据及原因"),
    "data.reason": ("Reason", "原因"),
    "data.items": ("Items", "条目"),
    "data.none_dropped": ("Nothing was dropped.", "没有剔除任何数据。"),
    "share.language": ("Language", "语言"),
    "share.domain": ("Domain", "领域"),
    "share.modality": ("Modality", "成像方式"),
    "share.task": ("Type of task", "任务类型"),
    "share.licence": ("Licence", "许可证"),
    "share.sources": ("Sources", "来源"),
    "share.languages": ("Languages", "语言"),
    "unnamed": ("not stated", "未注明"),
    # machine
    "machine": ("Machine and versions", "机器与版本"),
    "machine.cpu": ("Processor", "处理器"),
    "machine.cores": ("Cores", "核心数"),
    "machine.memory_gib": ("Memory, GiB", "内存（GiB）"),
    "machine.device": ("Device", "设备"),
    "machine.precision": ("Precision", "精度"),
    "machine.matmul_tflops": ("Matrix products, TFLOP/s (measured)", "矩阵乘法实测上限（TFLOP/s）"),
    "machine.datasheet_tflops": ("Matrix products, TFLOP/s (data sheet)", "矩阵乘法标称上限（TFLOP/s）"),
    "machine.precision_reason": ("Why this precision", "选择该精度的原因"),
    "git_commit": ("Commit", "提交"),
    "recipe": ("The whole recipe", "完整配方"),
    "use": ("Intended use", "预期用途"),
    "use.text": (
        (
            "This model was made for research on vision-language models. It has not been assessed as a medical device, "
            "its answers can be wrong and sound certain, and scores on these test sets say nothing about its safety in "
            "care. Do not use it for diagnosis, treatment or any decision about a patient."
        ),
        (
            "本模型为视觉语言模型研究而制作，未经医疗器械评估。其回答可能有误且语气肯定；"
            "上述测试集得分不能说明其临床安全性。请勿用于诊断、治疗或任何涉及患者的决策。"
        ),
    ),
    **CARD_STRINGS,
    **CURATION_STRINGS,
    **EVALUATION_STRINGS,
    **LEAK_STRINGS,
}
"""Per key: the English and the Chinese words."""


def translate_number(number: int, key: str, language: Language) -> str:
    """Return the words that follow a number: ``sample`` after 1, where they have a form of their own for it."""
    one = f"{key}.one"
    return translate(one if number == 1 and one in STRINGS else key, language)


def translate(key: str, language: Language) -> str:
    """Return the words of a key; a name without an entry (a new metric, a new task) stands as it is, readably."""
    if key in STRINGS:
        return STRINGS[key][0 if language == "en" else 1]
    return key.rpartition(".")[2].replace("_", " ")
