"""Chinese words that begin or end like a person's name, so that 高血压 is not taken for Mr Gao."""

import functools
import re
from collections.abc import Iterator

SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许邓冯韩曹曾彭萧肖蔡潘田董袁于余叶蒋杜苏魏程吕丁任沈姚卢"
    "姜崔钟谭陆汪范金石廖贾夏韦付方白邹"
    "孟熊秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳"
    "翟殷詹申欧耿关兰焦俞左柳甘祝包"
    "宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉"
    "缪简车项连芦麦褚娄窦戚岑景党宫"
    "费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠"
    "惠荆乐冀郁胥南班储原栗燕楚鄢"
    "傅皮湛狄奚郗昌茅庾阙晁訾阚巢蒯竺逯盖桓兰腾伊练展揭丘衣冼薄"
    "傅陳張黃劉楊趙吳孫馬羅鄭謝許鄧馮韓蕭潘葉蔣蘇魏呂盧鐘譚陸賈韋鄒閆閻龍陶賀顧龔萬錢嚴湯溫齊喬龐顏倪莊聶魯歐關"
    "蘭畢單閔鄔习"
)
COMPOUND_SURNAMES = (
    "欧阳|歐陽|司马|司馬|上官|诸葛|諸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒|宇文|长孙|夏侯|轩辕|端木|独孤|南宫"
    "|西门|百里|呼延|鲜于|闾丘|东郭"
    "|申屠|濮阳|太史|澹台|赫连|钟离|宗政|公羊|万俟|闻人|司空|仲孙|完颜|拓跋|纳兰|爱新觉罗"
)
_FAMILIAR = frozenset("小阿")  # 小明, 阿强
_LONGEST_WORD = 4
_FULL_NAME = 3
_FREQUENT = 200  # 康复 and 谢谢 bear the tag of names, too, and are far more frequent than any name
_PERSONS = re.compile(
    "李娜|李俊|李宁|李珊|李鹏|李白|刘翔|刘备|刘邦|王平|王明|王莽|张宁|张飞|胡佳|胡适|陈云|陈毅|赵云|宋江|吴仪|朱德|朱熹"
    "|杨维|彭真|韩信|郑和|林冲|林彪|周瑜|曹操|曹丕|曹禺|孙权|钟南山"
)
"""Persons that are frequent, too, or bear another tag."""
_FAMILY_NAMES = frozenset("王李张刘陈杨赵吴周徐孙朱郭何林罗郑梁宋邓韩曹彭蔡蒋冯姚")
_PLACES = frozenset("镇湖湾岗条渡台潭岭拐市墩嘴口")  # 张家口
_NAMES_NOBODY = frozenset({"易怒", "易感", "易疲", "柏子仁", "石淋"})


@functools.cache
def words_like_names() -> frozenset[str]:
    """Return words of up to four characters that begin or end with a surname, 小 or 阿, and seldom name anybody.

    Source:
        the dictionary of jieba, whose tags beginning with ``nr`` mark names of persons.
    """
    return frozenset(_entries()) | _NAMES_NOBODY


def _entries() -> Iterator[str]:
    import jieba

    with jieba.Tokenizer().get_dict_file() as lines:
        for line in lines:
            word, number, tag = line.decode("utf-8").split()
            is_name = tag.startswith("nr") and (int(number) < _FREQUENT or _is_full_name(word))
            if (
                1 < len(word) <= _LONGEST_WORD
                and not is_name
                and not (SURNAMES | _FAMILIAR).isdisjoint((word[0], word[-1]))
                and not _PERSONS.fullmatch(word)
            ):
                yield word


def _is_full_name(word: str) -> bool:
    return len(word) == _FULL_NAME and word[0] in _FAMILY_NAMES and word[-1] not in _PLACES
