"""Chinese words that begin or end like a person's name, so that 高血压 is not taken for Mr Gao."""

import functools
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
    "蘭畢單閔鄔"
)
COMPOUND_SURNAMES = (
    "欧阳|歐陽|司马|司馬|上官|诸葛|諸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒|宇文|长孙|夏侯|轩辕|端木|独孤|南宫"
    "|西门|百里|呼延|鲜于|闾丘|东郭"
    "|申屠|濮阳|太史|澹台|赫连|钟离|宗政|公羊|万俟|闻人|司空|仲孙|完颜|拓跋|纳兰|爱新觉罗"
)
_FAMILIAR = frozenset("小阿")  # 小明, 阿强
_LONGEST_WORD = 4
_FREQUENT = 200  # 康复 and 谢谢 bear the tag of names, too, and are far more frequent than any name


@functools.cache
def words_like_names() -> frozenset[str]:
    """Return words of up to four characters that begin or end with a surname, 小 or 阿, and seldom name anybody.

    Source:
        the dictionary of jieba, whose tags beginning with ``nr`` mark names of persons.
    """
    return frozenset(_entries())


def _entries() -> Iterator[str]:
    import jieba

    with jieba.Tokenizer().get_dict_file() as lines:
        for line in lines:
            word, number, tag = line.decode("utf-8").split()
            is_name = tag.startswith("nr") and int(number) < _FREQUENT
            if (
                1 < len(word) <= _LONGEST_WORD
                and not is_name
                and not (SURNAMES | _FAMILIAR).isdisjoint((word[0], word[-1]))
            ):
                yield word
