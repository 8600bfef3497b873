"""Writes answers.jsonl: awkward answers of every kind, on which other kits' verdicts and ours are compared.

Run it as ``python tests/golden/protocols/make_answers.py``; a change of its answers asks for every other file of this
folder to be made anew with the original functions (docs/protocols.md says which).
"""

import json
import random
from pathlib import Path

NUM_ROWS = {"closed": 400, "open": 400, "mcq": 600, "mcq_multi": 400, "pubmedqa": 320}
LETTERS = "ABCDEFGHIJ"

CLOSED_GOLDS = [
    "yes", "no", "no", "yes", "Yes", "No", "是", "否", "有", "没有", "left", "MRI", "not sure", "none", "x-ray",
]  # fmt: skip
OPEN_GOLDS = [
    "left lung", "right upper lobe", "3", "two", "X-ray", "x ray", "MRI", "cardiomegaly and pleural effusion",
    "a", "the heart", "0", "1,000", "3.5 cm", "0.25", "12", "in the left lower lobe, posterior", "don't know",
    "CT", "左肺上叶", "胸部X线片", "肝脏", "没有异常", "右侧胸腔积液", "3个", "T2 weighted", "chest (PA view)",
    "yes",
]  # fmt: skip
CHOICES = [
    ["Pneumonia", "Pulmonary edema", "Pleural effusion", "Normal heart"],
    ["yes", "no", "maybe"],
    ["3", "4", "5", "6", "10"],
    ["Vitamin A deficiency", "Vitamin B12", "Vitamin C", "CT of the chest", "E. coli"],
    ["肺炎", "右侧胸腔积液", "气胸", "心影增大", "肺结核"],
    ["阿司匹林 100mg", "青霉素", "β受体阻滞剂", "维生素C", "以上都不是"],
    ["Left", "Right", "Both sides", "Neither", "The left upper lobe", "Apex", "Base", "Hilum", "Pleura", "Heart"],
    ["increase", "Increase of dose", "decrease", "No change"],
]
MULTI = [index for index, choice in enumerate(CHOICES) if len(choice) >= 5]

PLAIN = [
    "", " ", "\n", "。", ".", "?", "I don't know.", "I cannot answer that.",
    "As an AI model, I cannot give a diagnosis.", "无法判断", "抱歉，我无法回答这个问题。", "N/A", "none",
    "None of the above", "maybe", "unknown", "not seen", "Normal study.", "Not normal",
    "The heart is abnormal.", "yes and no", "Yes.", "No", "no.", "YES!", "是", "否", "是的。", "不是", "有",
    "没有", "无", "未见异常", "正常", "不正常", "异常", "Yes, the heart is abnormal.", "No, it is normal.",
    "yes, there is no fracture", "There is no evidence of a nodule.", "There is a nodule.",
    "cannot be excluded", "nope", "yep", "True", "false", "1", "3", "three", "3.0", "3.", "1000", "1,000",
    "10 cm", "-3", "1e3", "nan", "inf", "½", "３", "Ａ", "Ｂ。", "①", "MRI", "mri.", "CT scan", "ct", "X-Ray",
    "xray", "X ray", "chest x-ray (PA)", "胸片", "left", "Left.", "the left", "lung lung lung", "left lung",
    "the right lung and the left lung", "right", "Right side", "dont know", "it isnt there", "couldnt've",
    "somebody'd say so", "a, b; c/d - e_f [g] {h} (i)", "e.g. 3.5.2 cm.", "A", "B", "C", "a", "b.", "(C)",
    "**B**", "AB", "A,B", "A、C", "BA", "ABCDE", "A B", "D E", "E", "G", "Z", "A chest x-ray", "CT and MRI",
    "B超", "C反应蛋白升高", "Vitamin C", "E. coli infection", "DNA", "D-dimer is raised", "A or B",
    "both A and C", "not A", "A is wrong", "all of the above", "以上都对", "选A", "不选A", "答案是", "答案：",
    "\t left \t lung \n", "left\nlung", "🙂", "🫁 left lung", "l\u200beft lung", "ﬁbrosis", "café", "naïve",
    "LEFT LUNG", "<think>It could be A or yes.</think>", "<answer></answer>", "\\boxed{}", "\\boxed{",
    "<answer>", "answer is", "=", "The answer is", "x = 3", "so it is 3.", "Therefore 3", "final answer",
    "The result is 12. So the answer is 13", "....................................... x.y", "no no no no",
    "yes " * 60, "word " * 120, "左" * 150,
]  # fmt: skip
# {g}: right letters, {w}: a wrong letter, {t}: right text, {o}: another text.
WRAPPED = [
    "{g}", "{g}.", "({g})", "**{g}**", "[{g}]", "{g})", "{g}:", "{g}。", "{g}、{t}", "{g}. {t}", "({g}) {t}",
    "{g} {t}", "{t}", "{t}.", "The answer is {g}", "The answer is ({g}).", "The answer is {t}.", "Answer: {g}",
    "**Answer**: {g}", "**Answer:** {t}", "Final answer: {g}", "final answer is {g}.",
    "The correct option is {g}.", "Option {g}", "答案是{g}", "答案：{g}", "答案:{g}", "答案为{g}。",
    "答案应该是{g}", "正确选项是{g}", "正确选项：{g}。因为{t}", "选{g}", "选项{g}", "我认为是{t}",
    "答案：{g}\n解释：{o}不对，选{w}的人错了。", "{g}\n解释：{w}", "解释：{w}\n答案：{g}", "答案是{t}",
    "{w}不对，{g}才对", "\\boxed{{{g}}}", "The answer is \\boxed{{{g}}}.", "\\boxed{{\\text{{{g}}}}}",
    "<answer>{g}</answer>", "\\boxed{{{t}}}", "<think>{w}? No, {g}.</think>{g}", "<think>{o}</think>\n\n{t}",
    "<think>{w}", "<answer>{t}</answer>", "{g}\n\n{w}", "{w}\n\n{g}.", "{g} because {o} is wrong",
    "({w}) is wrong, ({g}) is right", "{g} or {w}", "{w} or {g}", "{g},{w}", "{g} {w}", "not {w} but {g}",
    "It could be {o}, but {t} is more likely here.", "I would say that it is {t}, not {o}.", "{o}", "{w}",
    "The image shows {t} and also {o}.", "{t} is not seen", "there is no {t}", "no {t}", "{t} {t}", "{t}, {o}",
    "{o} {t}", "the {t}", "a {t} (seen on CT)", "{t}（{o}）", "{t}。", "“{t}”", "so the answer is {t}",
    "x = {t}", "{t}\n{o}", "Step 1. Look. Step 2. Think. Therefore {t}.",
    "After a long look at the picture I think {g} fits best of all", "{t}" + " and so on" * 40,
    "The answer is {g}." + " It is." * 50,
    "I choose {g} here", "It is ({g}), not ({w})", "Either {w} or {g} will do", "I see that {g} is right",
    "So {g} it is", "It must be {t}, since nothing else fits this picture",
    "Neither {o} nor {w} but ( {g} ) it has to be",
]  # fmt: skip


def main() -> None:
    """Write the answers beside this file."""
    rng = random.Random(20250811)
    rows = [row for kind in NUM_ROWS for row in answers(kind, rng)]
    text = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    Path(__file__).with_name("answers.jsonl").write_text(text, encoding="utf-8")


def answers(kind: str, rng: random.Random) -> list[dict[str, object]]:
    """Return the rows of a kind: plain and wrapped answers in turn, each with a gold, some of them changed."""
    patterns = [*PLAIN, *WRAPPED]
    rng.shuffle(patterns)
    rows: list[dict[str, object]] = []
    for number in range(NUM_ROWS[kind]):
        bare = kind == "pubmedqa" and rng.random() < 1 / 2
        pattern = rng.choice(["{g}", "{w}"]) if bare else patterns[number % len(patterns)]
        gold, options, slots = question(kind, rng)
        output = pattern.format_map(slots) if pattern in WRAPPED else pattern
        shown = {"kind": "mcq" if kind == "pubmedqa" else kind, "gold": gold, "output": changed(output, rng)}
        rows.append({"id": f"{kind}-{number + 1}", **shown, **({"options": options} if options else {})})
    return rows


def question(kind: str, rng: random.Random) -> tuple[list[str], list[str], dict[str, str]]:
    """Return gold, options and what fills the slots of a wrapper."""
    if kind in ("closed", "open"):
        golds = CLOSED_GOLDS if kind == "closed" else OPEN_GOLDS
        gold, other = rng.choice(golds), rng.choice(golds)
        return [gold], [], {"g": gold, "t": gold, "w": other, "o": other}
    options = CHOICES[rng.choice({"mcq_multi": MULTI, "pubmedqa": [1]}.get(kind, range(len(CHOICES))))]
    letters = LETTERS[: len(options)]
    size = rng.choice([1, 2, 2, 3, 4]) if kind == "mcq_multi" else 1
    gold = sorted(rng.sample(letters, size))
    wrong = rng.choice([letter for letter in letters if letter not in gold])
    text = dict(zip(letters, options, strict=True))
    joined = rng.choice(["", "", "、", ",", " "]).join(gold)
    slots = {"g": joined, "w": wrong, "t": text[gold[0]], "o": text[wrong]}
    if kind == "pubmedqa":
        slots |= {"g": slots["t"], "w": slots["o"]}
    return gold, options, slots


def changed(text: str, rng: random.Random) -> str:
    """Return the text, in one case of four with another case, blanks, marks or repetition."""
    ways = [str.upper, str.lower, lambda each: f"  {each}\n", lambda each: f"{each} {each}", lambda each: f"\n{each}?!"]
    return rng.choice(ways)(text) if rng.random() < 1 / 4 else text


if __name__ == "__main__":
    main()
