"""What the commands of evaluation say, in English and Chinese."""

EVALUATION_WORDS: dict[str, tuple[str, str]] = {
    # scores
    "answers_of": (
        ("{answers}: {num_rows} questions: {num_closed} closed, {num_open} open; {kind} prompt {prompt}; {decoding}"),
        "{answers}：{num_rows} 题，其中是非题 {num_closed}、开放题 {num_open}；{kind} 提示词 {prompt}；{decoding}",
    ),
    "unknown": ("unknown", "未知"),
    "decoding_unknown": ("decoding unknown", "解码方式未知"),
    "scored_file": ("file {file}; sha256 {sha256}", "文件 {file}；sha256 {sha256}"),
    # findings
    "margin": (
        ("{task} {of} {kind} {metric} above {one}: {difference} ({low} to {high}), corrected p {p}, {n} questions"),
        "{task} {of} {kind} {metric} 高于对照 {one}：{difference}（{low} 至 {high}），校正后 p {p}，{n} 题",
    ),
    "leakage": (
        (
            "{task} leakage: {num_clean} of {num_questions} questions clean; in training data: {images_exact} images "
            "exact, {images_near} near, {questions_exact} questions exact, {questions_near} near, {num_pairs} with "
            "their image"
        ),
        (
            "{task} 泄漏检查：{num_questions} 题中 {num_clean} 题未重合；见于训练数据："
            "图像相同 {images_exact}、近似 {images_near}，题目相同 {questions_exact}、近似 {questions_near}，"
            "{num_pairs} 题连同图像"
        ),
    ),
    "injection": (
        "{task} {of} {kind}: attacks followed {rate}, n {n} (attacked questions answered rightly without the attack)",
        "{task} {of} {kind}：攻击成功率 {rate}，n {n}（未受攻击时答对、受攻击后再问的题）",
    ),
    "consistency": (
        ("{task} {of} {kind} {variant} by {by}: both right {both}, agreement {agreement}{kappa}, {n} pairs"),
        "{task} {of} {kind} {variant}（依据 {by}）：均正确 {both}，一致率 {agreement}{kappa}，{n} 对",
    ),
    "not_compared": ("not compared", "未比较"),
    "kappa": (", kappa {kappa}", "，κ {kappa}"),
    "rotations": (
        (
            "{task} {of} {kind} all rotations by {by}: same option {same}, right {right}, position bias {bias}, "
            "{n} questions"
        ),
        "{task} {of} {kind} 全部轮换（依据 {by}）：同一选项 {same}，全部正确 {right}，位置偏差 {bias}，{n} 题",
    ),
    "calibration": (
        (
            "{task} {kind} calibration: temperature {temperature}{bound}, ECE {ece} (before {ece_raw}), "
            "AURC {aurc} (best {aurc_best})"
        ),
        "{task} {kind} 校准：温度 {temperature}{bound}，ECE {ece}（校准前 {ece_raw}），AURC {aurc}（最佳 {aurc_best}）",
    ),
    "at_bound": (" (at the bound of the search)", "（位于搜索边界）"),
    # a model as judge
    "judge": ("judge {judge}, prompt sha256 {sha256}", "评判模型 {judge}，提示词 sha256 {sha256}"),
    "judge_agrees": (
        "{kind}: agrees with {rule} in {agreement} of {n} answers, kappa {kappa}",
        "{kind}：与 {rule} 在 {n} 个回答上的一致率 {agreement}，κ {kappa}",
    ),
    "judge_unread": ("{kind}: agreement: none readable", "{kind}：一致率：没有可读的判定"),
    "undefined": ("undefined", "无定义"),
}

EVALUATION_COLUMNS = {
    "95 %": "95% 区间",
    "chars": "字符数",
    "control": "对照",
    "cut": "截断",
    "detectable": "可检出差",
    "difference": "差值",
    "download": "下载",
    "failed": "失败",
    "first": "首次发现",
    "images": "图像数",
    "invalid": "无效",
    "kind": "题型",
    "lang": "语言",
    "layer": "层次",
    "licence": "许可证",
    "metric": "指标",
    "model": "模型",
    "n": "题数",
    "only one right": "仅一方正确",
    "p_holm": "校正 p",
    "protocol": "规则",
    "questions": "题数",
    "rows": "行数",
    "task": "任务",
    "title": "名称",
    "value": "得分",
    "verdict": "结论",
}
