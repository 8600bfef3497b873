"""What the commands that curate, search for leaks and de-identify say, in Chinese."""

from functools import cache
from typing import TYPE_CHECKING

from doctorsun.cli.reason_words import DATA_REASONS
from doctorsun.cli.session import Language
from doctorsun.cli.source_words import SETTING_ERRORS, SOURCE_ERRORS

if TYPE_CHECKING:
    from doctorsun.report.sentences import Sentences

DATA_COLUMNS = {
    "articles": "文献",
    "files": "文件数",
    "folder": "文件夹",
    "missing images": "缺少的图像",
    "note": "提示",
    "not written because": "未写入的原因",
    "old_names": "原名称",
    "patients": "患者",
    "refused": "拒绝写入",
    "report": "报告",
    "studies": "检查",
    "unknown": "未知格式",
    "written": "已写入",
}

DATA_ERRORS = {
    "no room on the disk for {path}": "磁盘空间不足，无法写入 {path}",
    "free some space and run again: finished files stay": "腾出空间后再次运行：已完成的文件保留",
    "cannot write {path}": "无法写入 {path}",
    "cannot go on in {path}": "无法在 {path} 中继续",
    "look at the disk, or name a folder on another": "检查磁盘，或改用其他磁盘上的文件夹",
    "check the folder and its permissions": "检查文件夹及其权限",
    "check the path": "检查路径",
    "nothing there": "该处没有文件",
    "a file or a folder": "文件或文件夹",
    "no such folder": "没有这个文件夹",
    "a file": "文件",
    "no {name} in it": "其中没有 {name}",
    "{path} is not a store": "{path} 不是数据集（store）",
    "{path} is not a complete store": "{path} 不是完整的数据集（store）",
    "the folder of one split of a store": "数据集（某一划分）的文件夹",
    "check the path, or make the store with 'doctorsun data build', 'import' or 'collect'": (
        "检查路径，或用 'doctorsun data build'、'import'、'collect' 生成数据集"
    ),
    "the source {source} or a folder in it": "来源 {source} 或其中的文件夹",
    "name a new folder": "改用新文件夹",
    "name another one": "改用其他文件夹",
    "name a folder beside it": "改用旁边的文件夹",
    "a new folder": "新文件夹",
    "something that is already there": "该处已有内容",
    "a folder that holds something else": "文件夹中已有其他内容",
    "a folder in what is read, or around it": "位于所读文件夹之内或之外层的文件夹",
    "files made with another key, other options or another version": "用其他密钥、选项或版本生成的文件",
    "the same": "与之前相同",
    "nothing to curate": "没有可筛选的数据",
    "stores without samples": "数据集中没有样本",
    "nothing to search in {path}": "{path} 中没有可检查的内容",
    "a store without samples": "数据集中没有样本",
    "name a store that holds some": "请指定含有样本的数据集",
    "a reference without bytes": "只有引用而没有内容",
    "the image itself": "图像本身",
    "import it again with its images": "请连同图像重新导入",
    "{path} is the complete store of other settings or sources": "{path} 已是按其他设置或来源生成的完整数据集",
    "{path} was begun with other settings or sources": "{path} 是按其他设置或来源开始生成的",
    "another '{step}' now": "现在的 '{step}' 与之不同",
    "the same stores and settings": "相同的数据集和设置",
    "name another folder, or remove this one": "改用其他文件夹，或删除此文件夹",
    "a file of this curation": "本次筛选的文件",
    "remove the new store's folder and run the command again": "删除新数据集的文件夹后重新运行",
    "another {work} is writing {path}": "另一个进程（{work}）正在写入 {path}",
    "a process at work": "有进程正在运行",
    "one at a time": "同一时间只能有一个",
    "wait for it, or name another folder": "等待其结束，或改用其他文件夹",
    "a worker process was killed": "一个工作进程被终止",
    "room in memory for every worker": "每个工作进程都有足够内存",
    "run the command again with fewer --workers; it goes on where it stopped": (
        "减少 --workers 后重新运行，从中断处继续"
    ),
    "cannot reach Ray": "无法连接 Ray",
    "start the cluster, or correct RAY_ADDRESS; on a busy machine try again later": (
        "请启动集群或更正 RAY_ADDRESS；机器繁忙时请稍后再试"
    ),
    "a process of Ray was lost": "Ray 的一个进程丢失",
    "run the command again; it goes on where it stopped": "再次运行同一命令，从中断处继续",
    "the key {path}": "密钥 {path}",
    "a file in {path}": "位于 {path} 中的文件",
    "a file outside {path}": "{path} 之外的文件",
    "name another by --key": "用 --key 指定其他文件",
    "a file that others may read": "他人可读的文件",
    "the owner alone": "仅本人可读",
    "chmod 600 {path}; a key that others have read protects nothing": "chmod 600 {path}；他人读过的密钥起不到保护作用",
    "{num} characters": "{num} 个字符",
    "at least {num}": "至少 {num}",
    "name a file that is not there, and a key is made; or write 64 random hexadecimal digits": (
        "指定一个尚不存在的文件即可生成密钥；或写入 64 位随机十六进制数字"
    ),
    "not everything is in {path}": "{path} 中不是全部文件",
    "{refused} refused and {written} written of {all} files": "{all} 个文件中，{refused} 个被拒绝，{written} 个已写入",
    "see why in {report}, and which in {names}": "原因见 {report}，文件名见 {names}",
    "one of {names}": "{names} 之一",
    "choose one of these, or name a page.yaml of your own": "从中选择，或指定自己的 page.yaml",
    "correct it": "请更正",
    "copy the store again, or make it again": "重新复制或重新生成数据集",
    "{what} is damaged": "{what} 已损坏",
    "{path}: schema version": "{path}：格式版本",
    "make the store again with this version of doctorsun": "请用此版本的 doctorsun 重新生成数据集",
    "copy the shard again, or remove the store and make it again": "重新复制该分片，或删除数据集后重新生成",
    "a list of dropped items": "剔除条目的列表",
    "{num} items": "{num} 条",
    "{num}, as the manifest says": "清单所述的 {num} 条",
    "run the step that makes this store again; it goes on where it stopped": "再次运行生成此数据集的步骤，从中断处继续",
    "remove it or name another": "请删除，或改用其他名称",
    "no {name}": "没有 {name}",
    "{path} holds no sample: every one was left out": "{path} 中没有样本：全部被剔除",
}


@cache
def _errors() -> "Sentences":
    from doctorsun.report.sentences import Sentences

    return Sentences(SETTING_ERRORS | SOURCE_ERRORS | DATA_ERRORS)


@cache
def _reasons() -> "Sentences":
    from doctorsun.report.sentences import Sentences

    return Sentences(DATA_REASONS)


def part_of_error(text: str, language: Language) -> str:
    """Return what is wrong, what was found, what would be right or what to do in a language, where it is known."""
    return _errors().told(text, language)


def why_not_written(text: str, language: Language) -> str:
    """Return why a file was not written in a language, where it is known."""
    return _reasons().told(text, language)
