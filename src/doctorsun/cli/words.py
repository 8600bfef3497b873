"""What the command line itself says, in English and Chinese."""

import re

from doctorsun.cli.data_words import DATA_COLUMNS, part_of_error
from doctorsun.cli.evaluation_words import EVALUATION_COLUMNS, EVALUATION_WORDS
from doctorsun.cli.load_words import LOAD_COLUMNS
from doctorsun.cli.session import Language
from doctorsun.cli.source_words import READ_WORDS
from doctorsun.errors import DoctorSunError

_PARTS = re.compile(r"(.+?)(?:: got (.+?))?(?:[:,] expected (.+?))?(?:; (.+))?")  # as `DoctorSunError.text` joins them
_WORDS: dict[str, tuple[str, str]] = {
    **EVALUATION_WORDS,
    **READ_WORDS,
    "note": ("note", "提示"),
    "interrupted": (
        "interrupted; run the same command again to go on",
        "已中断；再次运行同一命令即可继续",
    ),
    "lang_goes_first": (
        "--lang stands before the command: doctorsun --lang zh report OUT",
        "--lang 应写在命令之前：doctorsun --lang zh report OUT",
    ),
    "recipe_ok": ("{name}: ok", "{name}：正确"),
    "recipe_stages": ("stages (steps): {stages}", "训练阶段（步数）：{stages}"),
    "recipe_sources": ("sources: {sources}", "数据来源：{sources}"),
    "mixture_unknown": (
        "what a stage learns from is known once {missing} is there: 'doctorsun data build', or name its run with --out",
        "待 {missing} 就绪后才能得知各阶段的数据配比：请先运行 'doctorsun data build'，或用 --out 指定运行目录",
    ),
    "hours_unknown": (
        "hours are told with --tflops PEAK, such as 989 of an H100",
        "加上 --tflops PEAK（如 H100 为 989）即可得知所需小时数",
    ),
    "pack_unknown": (
        "{missing} is not there yet: the memory of {stages} is that of a full pack of images with text",
        "{missing} 尚未就绪：{stages} 的内存按装满图像并附少量文本的序列估算",
    ),
    "part_frozen": ("frozen", "冻结"),
    "part_full": ("full", "全部训练"),
    "part_lora": ("LoRA, rank {rank}", "LoRA，秩 {rank}"),
    "memory_short": (
        "stage {stage} needs {peak} GiB of memory a device, of {available}; less with: {less}",
        "阶段 {stage} 每个设备需要 {peak} GiB 内存，现有 {available} GiB；可改用：{less}",
    ),
    "disk_short": (
        "the run needs {needed} GiB of disk, and {free} are free",
        "运行需要 {needed} GiB 磁盘空间，目前可用 {free} GiB",
    ),
    "report_written": ("report: {path}", "报告：{path}"),
    "evaluation_written": (
        "report with every protocol, metric and part (the table shows headlines): {path}",
        "报告（含全部协议、指标与各部分；上表只列主要得分）：{path}",
    ),
    "export_written": ("written: {path}", "已写入：{path}"),
    "leaks_of": (
        (
            "{task}: {num_leaked} of {num_questions} questions given away by {num_rows} samples, {num_pairs} of them "
            "with their words; {num_leaked_images} of {num_images} images"
        ),
        (
            "{task}：{num_questions} 个问题中有 {num_leaked} 个被 {num_rows} 条样本泄漏，"
            "其中 {num_pairs} 个连同问题文字；{num_images} 张图像中有 {num_leaked_images} 张"
        ),
    ),
    "audit_sound": (
        "sound: {num_entries} entries from {first} to {last}\nthe last one's hash: {sha256}",
        "完好：共 {num_entries} 条记录，{first} 至 {last}\n最后一条的哈希：{sha256}",
    ),
    "audit_empty": ("sound: no entry yet", "完好：尚无记录"),
    "store_intact": ("every shard matches its hash", "所有分片均与其哈希一致"),
    "weights_as_it_is": ("loads as it is: doctorsun chat {path}", "可直接加载：doctorsun chat {path}"),
    "weights_import": (
        "loads after an import: doctorsun weights import {path} OUT{options}\n({why})",
        "导入后可加载：doctorsun weights import {path} OUT{options}\n（{why}）",
    ),
    "weights_part": (
        "a part of a LLaVA ({why}): give it to 'doctorsun weights import' or to a recipe:{options} {path}",
        "LLaVA 的一个部件（{why}）：交给 'doctorsun weights import' 或配方：{options} {path}",
    ),
    "weights_merge": (
        "no weights of their own ({why}): doctorsun weights merge BASE {path} OUT{options}",
        "不含完整权重（{why}）：doctorsun weights merge BASE {path} OUT{options}",
    ),
    "weights_no": ("does not load: {why}", "无法加载：{why}"),
    "weights_made": ("made; try it: doctorsun chat {path}", "已生成，可试用：doctorsun chat {path}"),
    "serve_starting": (
        "starting vLLM, which can take minutes; what it says goes to {log}",
        "正在启动 vLLM，可能需要数分钟；其输出写入 {log}",
    ),
    "serve_open": (
        "serving the model '{model}' (revision {revision}, engine {engine})",
        "正在提供模型“{model}”的服务（版本 {revision}，引擎 {engine}）",
    ),
    "serve_at_url": (
        "page: {address}/\nAPI:  {address}/v1",
        "网页：{address}/\nAPI： {address}/v1",
    ),
    "serve_at_socket": ("page and API at the socket {address}", "网页与 API 位于套接字 {address}"),
    "serve_notice": (
        "Research use only, not for diagnosis or treatment. Ctrl-C stops the server.",
        "仅供科研使用，不得用于诊断或治疗。按 Ctrl-C 停止服务。",
    ),
    "chat_hint": (
        "Research use only. /image FILE shows an image, /new starts over, /quit or Ctrl-D leaves, Ctrl-C stops it.",
        "仅供科研使用。/image 文件：附上图像；/new：重新开始；/quit 或 Ctrl-D：退出；Ctrl-C：停止回答。",
    ),
    "chat_you": ("you> ", "您> "),
    "chat_model": ("model> ", "模型> "),
    "chat_image": ("the next question shows {name}", "下一个问题将附上 {name}"),
    "chat_no_image": ("there is no file {name}", "文件不存在：{name}"),
    "chat_new": ("a new conversation", "新对话"),
    "chat_unknown": ("no such command: {name}", "没有这个命令：{name}"),
    "chat_stopped": ("[stopped]", "[已停止]"),
}

_COLUMNS = {
    **DATA_COLUMNS,
    **EVALUATION_COLUMNS,
    **LOAD_COLUMNS,
    "activations_gib": "激活值 GiB",
    "available_gib": "可用 GiB",
    "checkpoint_gib": "检查点 GiB",
    "checkpoints_gib": "全部检查点 GiB",
    "devices": "设备数",
    "disk_gib": "所需磁盘 GiB",
    "domain": "领域",
    "download_gib": "待下载 GiB",
    "dropped": "剔除",
    "fits": "可容纳",
    "fits_disk": "磁盘足够",
    "flops": "浮点运算量",
    "free_disk_gib": "可用磁盘 GiB",
    "gathered_shards_gib": "聚合分片 GiB",
    "gradients_gib": "梯度 GiB",
    "heap_gib": "堆内存 GiB",
    "hours": "小时",
    "images_gib": "图像缓存 GiB",
    "kept": "保留",
    "language": "语言",
    "layouts": "格式",
    "loading_gib": "加载 GiB",
    "logits_and_loss_gib": "logits 与损失 GiB",
    "memory": "每个设备的内存",
    "optimizer_gib": "优化器 GiB",
    "packs_per_step": "每步序列数",
    "padding_avoided": "避免的填充",
    "parameters": "参数",
    "part": "部件",
    "peak_gib": "峰值 GiB",
    "read": "读取",
    "reason": "原因",
    "runtime_gib": "运行时 GiB",
    "sample_share": "样本占比",
    "sample_tokens": "样本词元",
    "samples": "样本",
    "share": "占比",
    "sizes": "尺寸来源",
    "source": "来源",
    "stage": "阶段",
    "start_gib": "起始权重 GiB",
    "state": "状态",
    "steps": "步数",
    "store": "数据集",
    "supervised_tokens": "受监督词元",
    "test": "测试",
    "tflops": "峰值 TFLOP/s",
    "token_share": "词元占比",
    "tokens": "词元",
    "train": "训练",
    "trained": "可训练",
    "validation": "验证",
    "weights_gib": "权重 GiB",
}


def column(key: str, language: Language) -> str:
    """Return the heading of a column of a table."""
    return _COLUMNS.get(key, key) if language == "zh" else key


def say(key: str, language: Language, **values: str) -> str:
    """Return a message in a language, with its values filled in."""
    english, chinese = _WORDS[key]
    return (chinese if language == "zh" else english).format(**values)


def say_error(error: DoctorSunError, language: Language) -> str:
    """Return an error in a language; what has no translation stands in the frame in English."""
    if language == "en":
        return f"error: {error.text()}"
    do, *others = error.do.split("\n")
    lines = [_in_chinese(error.what, error.got, error.expected, do)]
    for line in others:  # a page with several faults tells each on a line
        parts = _PARTS.fullmatch(line)
        lines.append(_in_chinese(*parts.groups("")) if parts else line)
    return "错误：" + "\n".join(lines)


def _in_chinese(*parts: str) -> str:
    what, got, expected, do = (part_of_error(part, "zh") for part in parts)
    found = "，".join(f"{label} {part}" for label, part in (("实际为", got), ("应为", expected)) if part)
    return "".join([what, f"：{found}" if found else "", f"；建议：{do}" if do else ""])
