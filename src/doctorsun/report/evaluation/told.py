"""Sentences about an evaluation that are kept and told in English, in Chinese for who reads Chinese."""

from doctorsun.report.sentences import Sentences
from doctorsun.report.strings import Language

SENTENCES = {
    "{task}: reading {files}": "{task}：正在读取 {files}",
    (
        "{task}: the {split} split is asked, not the published {published} set; scores on another set cannot be "
        "compared with published ones"
    ): "{task}：所问的是 {split} 部分，而非公开的 {published} 集；不同题集的分数不能与公开分数比较",
    (
        "{task}: {num} questions, the published {published} set has {expected}; scores on another set cannot be "
        "compared with published ones"
    ): "{task}：共 {num} 题，公开的 {published} 集有 {expected} 题；不同题集的分数不能与公开分数比较",
    "{task}: {num} questions of kind {kind}, the published {published} set has {expected}": (
        "{task}：{kind} 题 {num} 道，公开的 {published} 集有 {expected} 道"
    ),
    "{task}: {file} is not the published file (SHA-256 {found}, expected {expected})": (
        "{task}：{file} 不是公开的文件（SHA-256 {found}，应为 {expected}）"
    ),
    "{task}: {num} records cannot be asked ({reason})": "{task}：{num} 条记录无法提问（{reason}）",
    (
        "{task}: {num} questions lack images and count as errors where images are shown ({images} images: {names}; "
        "task.json names all)"
    ): "{task}：{num} 题缺少图像，需要看图时计为错误（{images} 张图像：{names}；task.json 列出全部）",
    (
        "{task}: the page's protocol {protocol} judges none of these questions ({kinds}); they are scored by {others}"
    ): "{task}：任务页所列的规则 {protocol} 不评判其中任何题目（{kinds}）；改用 {others} 评分",
    "{store}: {num} samples without their images left out": "{store}：略去 {num} 条缺少图像的样本",
    "{task}: no question shows an image; they are asked as they are, not under {controls}": (
        "{task}：题目都不带图像；按原样提问，不使用对照 {controls}"
    ),
    (
        "{task}: {num} of {all} questions have no answer under {control} and are left out of its scores (the first: "
        "{reason})"
    ): "{task}：{all} 题中有 {num} 题在对照 {control} 下没有回答，不计入该对照的得分（第一题：{reason}）",
    "{task}: {num} of {all} questions failed; call again to ask them again": (
        "{task}：{all} 题中有 {num} 题失败；再次运行可重新提问"
    ),
    "{num} answers have no verdict; call again to ask about them again": "{num} 个回答没有判定；再次运行可重新评判",
    "leakage: the training store {store} is not here and is not searched": (
        "泄漏检查：训练数据 {store} 不在此处，未检查"
    ),
    "leakage: not checked, since the training data are not known; name them with --training STORE": (
        "泄漏检查：训练数据未知，未检查；请用 --training STORE 指定"
    ),
    "no calibration of {weights}: {why}; ask more closed or multiple-choice questions": (
        "未能校准 {weights}：{why}；请问更多是非题或选择题"
    ),
    "task {task}: only {model} was asked": "任务 {task}：只问了 {model}",
    "task {task}, {kind}: only {model} is scored by {protocols}; not compared": (
        "任务 {task}，{kind}：只有 {model} 按 {protocols} 评分；未比较"
    ),
}
"""English to Chinese; what stands in braces is taken over as it is."""

_TOLD = Sentences(SENTENCES)


def told(line: str, language: Language) -> str:
    """Return a sentence in a language; one that is not known stays as it is."""
    return _TOLD.told(line, language)
