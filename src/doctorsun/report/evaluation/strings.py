"""The words of an evaluation's report in English and Chinese."""

EVALUATION_STRINGS: dict[str, tuple[str, str]] = {
    "eval.title": ("Evaluation report", "评测报告"),
    "eval.tasks": ("Tasks", "任务"),
    "eval.revision": ("Revision", "版本"),
    "eval.decoding": ("Decoding", "解码"),
    "eval.no_controls": (
        (
            "No control was run: nothing here tells what the images add. Run the same command with --image blank, "
            "noise, shuffled or none and the same --out."
        ),
        (
            "未运行任何对照组，无法判断图像起了什么作用。"
            "请以相同的 --out 再次运行命令，并加上 --image blank、noise、shuffled 或 none。"
        ),
    ),
    "eval.lead": (
        (
            "Bars are 95% intervals clustered by image or article. A control answers the same questions without the "
            "right image; the margin is the model minus its best control."
        ),
        "横线为按图像或文章聚类的 95% 置信区间。对照组在没有正确图像的情况下回答相同的问题；差值为模型减去最佳对照。",
    ),
    "eval.warnings": ("Read this first", "请先阅读"),
    "eval.protocols": ("Every protocol side by side", "各评分规则并列"),
    "eval.protocol": ("Protocol", "评分规则"),
    "eval.metrics": ("All metrics of each protocol", "各评分规则的全部指标"),
    "eval.answers": ("What the numbers are made of", "得分的构成"),
    "eval.shown": ("Shown", "所示图像"),
    "eval.shown.real": ("True image", "真实图像"),
    "eval.shown.text": ("Text", "文字"),
    "eval.rows": ("Questions", "题数"),
    "eval.rows.closed": ("Closed", "是非题"),
    "eval.rows.open": ("Open", "开放题"),
    "eval.clusters": ("Images or articles", "图像或文章数"),
    "eval.invalid": ("Invalid", "无效"),
    "eval.errors": ("Failed", "失败"),
    "eval.truncated": ("Truncated", "截断"),
    "eval.chars": ("Mean length, characters", "平均字符数"),
    "eval.tokens": ("tokens", "词元数"),
    "eval.prompt": ("Prompt", "提示词"),
    "eval.prompt.example": ("The words put to the model, first question", "提交给模型的原文（第一题）"),
    "eval.parts": ("Scores of parts", "各部分得分"),
    # provenance
    "eval.facts": ("Where the questions come from", "题目来源"),
    "eval.file": ("File", "文件"),
    "eval.size": ("Size", "大小"),
    "eval.licence": ("Licence", "许可证"),
    "eval.citation": ("Citation", "引用"),
    "eval.split.train": ("training split", "训练集"),
    "eval.split.validation": ("validation split", "验证集"),
    "eval.split.test": ("test split", "测试集"),
    "eval.asked": ("Questions asked", "提问题数"),
    "eval.not_asked": ("Of other splits or types, not asked", "属于其他划分或题型，未提问"),
    "eval.missing_images": ("Images that are not here", "缺失的图像"),
    "eval.instructions": ("Words put after the question, or around it", "附加在题目后或题目外的提示语"),
    "eval.notes": ("What a reader of the scores must know", "阅读得分须知"),
    # leakage
    "eval.leakage": ("Contact with the model’s training data", "与模型训练数据的重合"),
    "eval.leakage.lead": (
        (
            "Every question and image was looked up in the training stores below. Near: the same picture in another "
            "file, or the same words after normalisation. Scores on the clean part stand in the tables above."
        ),
        (
            "每道题与每幅图像均在下列训练数据中检索。近似：同一图像的另一文件，或规范化后相同的文字。"
            "未重合部分的得分见上文各表。"
        ),
    ),
    "eval.leakage.clean": ("Questions that are clean in every sense", "完全未重合的题目"),
    "eval.leakage.pairs": ("Questions asked of the same image in training", "训练中就同一图像提过的题目"),
    "eval.leakage.images": ("Images", "图像"),
    "eval.leakage.questions": ("Words of the question", "题目文字"),
    "eval.leakage.none": ("No training data was looked through.", "未检索任何训练数据。"),
    "type.clean": ("clean", "未重合"),
    "type.seen": ("seen in training", "训练中见过"),
    "type.near": ("near", "近似"),
    "type.exact": ("exact", "完全相同"),
    "slice.leakage": ("By contact with the training data", "按与训练数据的重合"),
    "slice.image_leakage": ("By contact of the image", "按图像重合"),
    "slice.question_leakage": ("By contact of the words", "按文字重合"),
    # judges
    "eval.judges": ("Judged by a model", "由模型评判"),
    "eval.judges.lead": (
        (
            "A model was asked whether each answer means the same as the truth. It can be wrong, so its scores stand "
            "apart from those of rules, with how often it says the same as the house rule."
        ),
        "由一个模型判断回答与标准答案是否同义。其判断可能有误，故其得分与规则评分分列，并给出与本项目规则的一致率。",
    ),
    "eval.judges.missing": ("answers without a verdict", "个回答没有判定"),
    "eval.judges.rule": ("Rule", "规则"),
    # prompt injection
    "eval.injection": ("Prompt injection, attacks followed", "提示注入攻击成功率"),
    "eval.injection.none": ("not measured", "未测量"),
    "eval.injection.lead": (
        (
            "Share of attacked questions that got the answer which the attack asks for, among those that were answered "
            "rightly without it. An answer that cannot be read follows nothing: read it beside the accuracy."
        ),
        "在未受攻击时答对的题中，受攻击后给出攻击所要求答案的比例。无法识别的回答不算服从，请与准确率一起阅读。",
    ),
    "eval.injection.attack": ("Attack", "攻击方式"),
    "type.injection": ("attack", "攻击"),
    "type.none": ("none", "无"),
    "type.picture_visible": ("words in the picture", "图中文字"),
    "type.picture_faint": ("faint words in the picture", "图中极淡文字"),
    "type.picture_tiny": ("tiny words in the picture", "图中极小文字"),
    "type.prompt_report": ("in a pasted report", "粘贴的报告中"),
    "type.prompt_markup": ("in markup", "标记语言中"),
    "type.prompt_system": ("as a system turn", "伪造系统发言"),
    "type.neutral_picture": ("neutral words in the picture", "图中中性文字"),
    "type.neutral_report": ("neutral words in a pasted report", "粘贴的报告中中性文字"),
    "type.prompt_hidden": ("between characters without width", "零宽字符间"),
    # margins over controls
    "eval.margins": ("Above its controls", "高于对照的幅度"),
    "eval.margins.lead": (
        (
            "The same questions with the right image and under each control. Intervals are paired and clustered by "
            "image; p is corrected (Holm) for all lines. Detectable: the smallest difference that so many images show."
        ),
        (
            "同样的问题，配正确图像与各种对照。区间按题配对并按图像聚类；p 值已对全部各行校正（Holm）。"
            "可检出差为这么多图像所能显示的最小差异。"
        ),
    ),
    "eval.above": ("Above", "相对于"),
    "eval.p": ("p, corrected", "校正后 p 值"),
    "eval.detectable": ("Detectable", "可检出差"),
    # consistency
    "eval.consistency": ("Asked again", "重复提问"),
    "eval.consistency.lead": (
        (
            "The same question in the other language, in other words, negated, or with its options moved. Agreement is "
            "the share of pairs that say the same (of negations the opposite), right or wrong."
        ),
        "以另一种语言、不同措辞、否定形式或移动选项顺序再次提问。一致率为两次回答相同（否定题为相反）的比例，不论对错。",
    ),
    "eval.variant": ("How", "方式"),
    "variant.translation": ("In the other language", "另一种语言"),
    "variant.paraphrase": ("In other words", "不同措辞"),
    "variant.negation": ("Negated", "否定形式"),
    "variant.rotation": ("Options moved", "移动选项"),
    "variant.injection": ("Under attack", "受攻击"),
    "variant.neutral": ("With neutral words", "附中性文字"),
    "eval.pairs": ("Pairs", "题对数"),
    "eval.right.once": ("Right", "原题正确率"),
    "eval.right.again": ("Right again", "变体正确率"),
    "eval.right.both": ("Both right", "均正确"),
    "eval.agreement": ("Agreement", "一致率"),
    "eval.kappa": ("Cohen’s kappa", "Cohen κ 系数"),
    "eval.unreadable": ("Unreadable", "无法解析"),
    "eval.by": ("Read by", "依据"),
    "by.words": ("words", "文字"),
    "by.likelihoods": ("likelihoods", "似然"),
    "eval.rotations": ("Multiple choice over all rotations of its options", "选项全部轮换后的单选题"),
    "eval.rotations.same": ("Same option in all", "全部选择同一选项"),
    "eval.rotations.right": ("Right in all", "全部正确"),
    "eval.rotations.bias": ("Position bias", "位置偏差"),
    "eval.rotations.letters": ("How often each letter is chosen", "各选项字母被选比例"),
    # calibration
    "eval.calibration": ("How far confidence can be believed", "置信度的可信程度"),
    "eval.calibration.lead": (
        (
            "From the likelihoods of the options. Temperature and thresholds are found on half of the images; all "
            "numbers and curves here are measured on the other half."
        ),
        "依据各选项的似然。温度与阈值在一半图像上确定，此处的数值与曲线均在另一半图像上测得。",
    ),
    "eval.calibration.measured": ("questions measured", "题用于测量"),
    "eval.calibration.fitted": ("questions fitted", "题用于拟合"),
    "eval.calibration.reliability": ("Right answers at each confidence", "各置信度下的正确率"),
    "eval.calibration.confidence": ("confidence", "置信度"),
    "eval.calibration.right": ("right", "正确率"),
    "eval.calibration.risk": (
        "Wrong answers when only the surest are given (dot: threshold)",
        "仅回答最有把握的题目时的错误率（圆点：阈值）",
    ),
    "eval.calibration.coverage": ("answered", "作答比例"),
    "eval.calibration.risk.axis": ("wrong", "错误率"),
    "eval.calibration.raw": ("as it is", "原始"),
    "eval.calibration.scaled": ("with temperature", "温度缩放后"),
    "eval.calibration.ece": ("Expected calibration error", "期望校准误差"),
    "eval.calibration.brier": ("Brier score", "Brier 分数"),
    "eval.calibration.nll": ("Negative log-likelihood", "负对数似然"),
    "eval.calibration.temperature": ("Temperature", "温度"),
    "eval.calibration.at_bound": ("at the bound of the search", "到达搜索边界"),
    "eval.calibration.aurc": ("Mean risk over coverage", "风险-覆盖率曲线下面积"),
    "eval.abstention.target": ("Wanted: wrong at most", "期望错误率上限"),
    "eval.abstention.threshold": ("Abstain below", "低于此值则弃答"),
    "eval.abstention.none": ("no threshold holds this", "没有满足要求的阈值"),
    # published
    "eval.published": ("What others published", "他人公布的得分"),
    "eval.published.lead": (
        (
            "In percent, as printed by each source, in its order. Prompts, splits and scoring differ from those "
            "above, so these numbers are never ranked with ours."
        ),
        "单位为百分比，按各来源原样及原顺序列出。其提示词、数据划分与评分规则与上文不同，因此不与本报告得分排名。",
    ),
    "eval.system": ("System", "系统"),
    # items
    "eval.items": ("Items", "逐题查看"),
    "eval.items.shown": ("shown of", "题，共"),
    "eval.items.end": (
        "questions; chosen by a fixed rule, each verdict and kind in turn: shares here say nothing.",
        "题；按固定规则挑选，各判定与题型轮流出现，此处的比例不代表得分。",
    ),
    "eval.items.none": ("No answer can be shown.", "没有可展示的回答。"),
    "eval.items.missing_images": (
        "The images were missing when the questions were read; they are shown without them.",
        "读取题目时图像缺失，题目不带图像显示。",
    ),
    "eval.items.no_images": (
        "The store with the images is no longer where it was; questions are shown without them.",
        "图像所在的数据集已不在原处，题目不带图像显示。",
    ),
    "eval.filter": ("Show", "筛选"),
    "eval.filter.all": ("all", "全部"),
    "eval.options": ("Options", "选项"),
    "eval.truncated.mark": ("cut at the limit of tokens", "达到词元上限被截断"),
    "eval.failed.mark": ("failed", "失败"),
    "eval.more_characters": ("more characters", "个字符未显示"),
    "eval.more_characters.one": ("more character", "个字符未显示"),
    "eval.more_images": ("more images", "张图像未显示"),
    "eval.more_images.one": ("more image", "张图像未显示"),
    # metrics
    "metric.exact_match": ("words of the truth in the answer", "回答含标准答案词的比例"),
    "metric.word_rouge_l": ("ROUGE-L over words", "词级 ROUGE-L"),
    "metric.rougel": ("ROUGE-L", "ROUGE-L"),
    "metric.rouge1": ("ROUGE-1", "ROUGE-1"),
    "metric.rouge2": ("ROUGE-2", "ROUGE-2"),
    **{f"metric.bleu{mark}{n}": (f"BLEU-{n}", f"BLEU-{n}") for mark in ("", "_") for n in (1, 2, 3)},
    "metric.bleu": ("BLEU", "BLEU"),
    "metric.bleu4": ("BLEU-4", "BLEU-4"),
    "metric.word_bleu4": ("BLEU-4 over words", "词级 BLEU-4"),
    "metric.side_f1": ("F1 of findings with side", "征象与侧别 F1"),
    "metric.micro_f1": ("F1 over all findings", "全部征象 F1"),
    "metric.micro_side_f1": ("F1 over all findings with side", "全部征象与侧别 F1"),
    "metric.macro_f1": ("F1, mean over answers", "各类别平均 F1"),
    "metric.weighted_f1": ("F1, weighted by answers", "按类别加权 F1"),
    "metric.report_findings.f1": ("F1 of findings", "征象 F1"),
    "metric.refusal.accuracy": ("does all that is wanted", "做到全部要求的比例"),
    "metric.refusal.f1": ("F1 of what is done", "应对行为 F1"),
    "metric.refusal.exact": ("does just what is wanted", "恰好做到所要求的比例"),
    "metric.attack_success": ("attacks followed (lower is better)", "攻击成功率（越低越好）"),
    "metric.over_refusal.accuracy": ("harmless questions not refused", "无害问题未被拒绝的比例"),
    "verdict.invalid": ("Invalid", "无效"),
    "slice.anatomy": ("By organ", "按部位"),
    "slice.language": ("By language", "按语言"),
}
