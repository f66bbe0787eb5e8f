"""What a person's name looks like, in the scripts that have a shape for it."""

from __future__ import annotations

import regex

from rag.segment.script import listed

# Surnames of Han, Hui, Manchu and Korean families in Han characters, simplified and traditional: the 300
# most common ones, which cover more than 95 % of people.
_SURNAMES = frozenset(
    "王李张張刘劉陈陳杨楊赵趙黄黃周吴吳徐孙孫胡朱高林何郭马馬罗羅梁宋郑鄭谢謝韩韓唐冯馮于於董萧蕭程曹袁邓鄧许許"
    "傅沈曾彭吕呂苏蘇卢盧蒋蔣蔡贾賈丁魏薛叶葉阎閻余馀潘杜戴夏钟鍾鐘汪田任姜范範方石姚谭譚廖邹鄒熊金陆陸郝孔白"
    "崔康毛邱丘秦江史顾顧侯邵孟龙龍万萬段雷钱錢汤湯尹黎易常武乔喬贺賀赖賴龚龔文庞龐樊兰蘭殷施陶洪翟安颜顏倪严嚴"
    "牛温溫芦蘆季俞章鲁魯葛伍韦韋申尤毕畢聂聶丛叢焦向柳邢路岳齐齊沿梅莫庄莊辛管祝左涂谷祁时時舒耿牟卜路詹关關"
    "苗凌费費纪紀靳盛童欧歐甄项項曲成游阳陽裴席卫衛查屈鲍鮑位覃霍翁隋植甘景薄单單包司柏宁寧柯阮桂闵閔解强強"
    "柴华華车車冉房边邊辜吉饶饒刁瞿戚丘古米池滕晋晉苑邬鄔臧畅暢宫宮来來嵺苟全褚廉简簡娄婁盖蓋符奚木穆党燕郎邸冀"
    "谈談姬屠连連郜晏栾欒郁商蒙计計喻揭窦竇迟遲宇敖糜鄢冷卓花仇艾蓝藍都巩鞏稽井练練仲乐樂虞卞封竺冼原官衣楚佟"
    "闫帅帥麻应應凤鳳占危那尚慕容富海巫乌烏焉曲家封羿储儲邴松段巴弓牧隗山谷宓蓬璩桑桂濮扈冒闻聞党翟谭贡貢逄姬申"
    "仝佘冉刀和禹狄明臧伏茅支咸籍阙闕隆师師勾敬衡步阚闞哈赫皮卞朴權权陰阴双雙佟苻展茹荆荊"
)
_COMPOUND = (
    "欧阳|歐陽|司马|司馬|上官|诸葛|諸葛|东方|東方|皇甫|尉迟|尉遲|公孙|公孫|令狐|轩辕|軒轅|夏侯|司徒|端木|独孤|獨孤|"
    "南宫|南宮|慕容|长孙|長孫|宇文|闻人|聞人|淳于|单于|申屠|太史|呼延|西门|西門|百里|赫连|赫連|澹台|澹臺|完颜|完顏"
)
# Two or three characters that begin like a name and are none.
_NOT_NAMES = listed(
    """时间 時間 方法 方案 方式 方向 方面 安全 安排 高度 成本 成果 成员 成員 成立 金额 金額 温度 溫度 程序
    程度 任务 任務 任何 任期 马上 馬上 于是 於是 项目 項目 关系 關係 关于 關於 关键 關鍵 常见 常見 常用
    单位 單位 单价 單價 解决 解決 解释 解釋 经验 通知 平均 平台 强调 強調 曲线 水平 石油 包括 包装 边界
    邊界 应用 應用 应该 應該 应对 應對 党员 黨員 党委 钟点 司机 司機 司法 全国 全國 全面 全部 全体 全體
    全文 全程 全市 全县 全省 向上 成功 成绩 计划 計劃 计算 路线 路線 路径 文化 文件 文章 文字 章节 阳光
    陽光 阴影 明显 明确 明年 明天 海洋 江南 江西 江苏 江蘇 广东 云南 安徽 和谐 和平 原因 原则 原則 来源
    來源 古代 连续 连接 白天 黄金 黃金 来自 家庭 家长 家長 商业 商業 商品 简介 簡介 花园 官方 原文 冷水
    都市 乐园 樂園 项链 时代 時代 时期 時期 华夏 车辆 車輛 车间 石头 高速 高峰 高温 高校 高中 双方 雙方
    权利 權利 权力 方可 师生 師生 师傅 和我 单独 項目名 包含 明细 关注 舒适 管理 管道 左右 常规 常務
    常务 强化 強化 成长 广告 支持 支出 收支 支付 步骤 步驟 展望 展览 展覽 隆重 党建 强国 经济 牧场 山区
    山區 松树 富民 富强 尚未 海关 古城 花费 官员 原料 应急 應急 容量 易于 万元 萬元 万人 万亩 牛奶 梅花
    柳树 苗木 景区 景點 封面 符合 燕子 简单 簡單 席位 夏季 夏天 秦岭 余额 餘額 余下 毛利 武器 文艺 文旅
    文明 康复 施工 易懂 单元 時刻 时刻 游客 游戏 计时 計時 查询 查詢 查看 盛会 童年 项下 莫非 谷物 米饭
    池塘 党组 党课 敬礼 敬禮 敬启 此致 丁类 金融 金属 金屬 金牌 甘肃 宁夏 林业 林業 林地 田地 田园 江河
    江湖 河北 高原 高层 白色 黄色 黃色 蓝色 藍色 金色 温馨 温暖 康养 边疆 常住 管委会 管委會"""
)
_NOT_LAST = frozenset(
    "市县縣区區省州镇鎮乡鄉村路街道部门門局委会會厅廳院校厂廠站所社报報网網日月年号號期版们們的了等及与與是和在"
)
_HAN = r"\p{Han}々〇"
_MINORITY = regex.compile(rf"[{_HAN}]{{1,6}}(?:[·・•‧][{_HAN}]{{1,8}})+")
_HAN_NAME = regex.compile(rf"[{_HAN}]{{2,4}}")
_COMPOUND_NAME = regex.compile(rf"(?:{_COMPOUND})[{_HAN}]{{1,2}}")
_TRANSLATED = regex.compile(r"[\p{Han}\p{Katakana}ー]{1,10}(?:[·・•‧＝=][\p{Han}\p{Katakana}ー]{1,10}){1,3}")
_JAPANESE = regex.compile(
    rf"[{_HAN}ヶケツノ]{{1,6}}|[\p{{Katakana}}ー]{{2,10}}|[{_HAN}]{{1,3}}\p{{Hiragana}}{{1,4}}|\p{{Hiragana}}{{1,4}}[{_HAN}]?"
)
_KOREAN = regex.compile(r"[가-힣]{2,4}")
_KOREAN_SURNAMES = frozenset(
    "김이박최정강조윤장임한오서신권황안송류유홍전고문양손배백허남심노하곽성차주우구민진나지엄채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국어은편용"
)

# One word of a name in a script with capitals: Jane, O'Neill, Saint-Exupéry, J., JANE.
_CAPITALISED = (
    r"\p{Lu}(?:\p{Ll}[\p{L}\p{M}’'\-]*|['’]\p{Lu}[\p{L}\p{M}’'\-]*|\p{Lu}[\p{Lu}’'\-]+|\.(?:-?\p{Lu}\.)*)?"
)
_PARTICLE = (
    r"(?:d[eaou]s?|del|della|di|der|den|la|le|los|las|el|al|van|von|zu|zur|ten|ter|bin|bint|ibn|y|e|af|av|dos|"
    r"das|san|st\.)"
)
_HONORIFIC = (
    r"(?:Dr|Mr|Mrs|Ms|Miss|Mx|Prof|Professor|Sir|Dame|Lord|Lady|Rev|Fr|Sr|Sra|Srta|Don|Doña|Dña|Herr|Frau|M|Mme|Mlle|"
    r"Sig|Dott|Hon|Capt|Lt|Col|Gen|Sgt)\.?"
)
_SINGLE = regex.compile(r"\p{Lu}\p{Ll}[\p{L}’'\-]*")
_GIVEN = listed(
    """james john robert michael william david richard joseph thomas charles christopher daniel matthew
    anthony mark donald steven paul andrew joshua kenneth kevin brian george timothy ronald edward jason
    jeffrey ryan jacob gary nicholas eric jonathan stephen larry justin scott brandon benjamin samuel
    gregory frank alexander raymond patrick jack dennis jerry tyler aaron henry adam nathan peter
    zachary kyle walter ethan jeremy harold keith christian roger noah gerald carl terry sean austin
    arthur lawrence jesse dylan bryan joe jordan billy bruce albert willie gabriel logan alan juan wayne
    roy ralph randy eugene vincent russell louis philip bobby johnny mary patricia jennifer linda
    elizabeth barbara susan jessica sarah karen lisa nancy betty sandra margaret ashley kimberly emily
    donna michelle carol amanda melissa deborah stephanie rebecca laura sharon cynthia dorothy amy
    kathleen angela shirley emma brenda pamela nicole samantha anna katherine christine helen debra
    rachel carolyn janet maria catherine heather diane olivia julie joyce victoria ruth virginia lauren
    kelly christina joan evelyn judith andrea hannah megan cheryl jacqueline martha madison teresa
    gloria sara janice ann kathryn abigail sophia frances jean alice judy isabella julia grace amber
    denise danielle marilyn beverly charlotte natalie theresa diana brittany doris kayla alexis lori
    jane kate tom tim ben sam dan mike jim bob bill steve dave matt chris nick alex max leo oliver harry
    oscar lucy sophie chloe fatima mohammed muhammad ahmed ali omar hassan aisha priya raj amit ravi
    sanjay anita sunita deepak jose josé luis carlos jorge miguel antonio francisco pedro manuel javier
    fernando sergio diego pablo rafael alejandro andrés ramón raúl josefa carmen ana isabel dolores
    pilar lucía marta elena cristina paula rosa mercedes beatriz inés teresa sofía jean pierre michel
    andré philippe alain bernard jacques françois nicolas julien marie nathalie isabelle sylvie
    catherine camille claire céline élise hélène thérèse hans peter klaus wolfgang jürgen dieter manfred
    uwe günter stefan andreas thomas markus michael matthias petra sabine monika ursula claudia susanne
    birgit heike anja katrin gisela ingrid helga giuseppe giovanni antonio mario luigi francesco angelo
    vincenzo paolo marco luca andrea giulia francesca chiara lucia joão paulo rodrigo tiago ana beatriz
    pedro inês lars erik anders nils ingrid kari astrid sven jan piet hendrik johanna willem иван
    александр сергей дмитрий андрей алексей максим евгений владимир николай михаил павел виктор юрий
    олег игорь антон анна мария елена ольга наталья екатерина татьяна ирина светлана анастасия юлия
    людмила галина вера нина тимур руслан jan piotr krzysztof andrzej tomasz paweł michał marcin anna
    katarzyna małgorzata agnieszka barbara ewa magdalena"""
)
_WORD_NAME = regex.compile(
    rf"(?:(?i:{_HONORIFIC})\s+)?{_CAPITALISED}(?:\s+(?:{_PARTICLE}\s+){{0,2}}(?:[aA]l-|[dD]['’])?{_CAPITALISED}){{1,4}}(?:,?\s+(?:Jr|Sr|III?|IV)\.?)?"
)


def is_han_name(text: str) -> bool:
    """Whether `text` has the shape of a Chinese name: surname first, or parts joined by a middle dot."""
    if _MINORITY.fullmatch(text):
        return True
    parts = text.split()
    if len(parts) == 2 and all(len(part) == 1 for part in parts):
        text = "".join(parts)
    elif len(parts) != 1:
        return False
    if not _HAN_NAME.fullmatch(text) or text in _NOT_NAMES or text[-1] in _NOT_LAST:
        return False
    if _COMPOUND_NAME.fullmatch(text):
        return True
    if len(text) == 4:
        return text[0] in _SURNAMES and text[1] in _SURNAMES and text[:2] not in _NOT_NAMES
    return text[0] in _SURNAMES and text[:2] not in _NOT_NAMES


def is_japanese_name(text: str) -> bool:
    """Whether `text` may be a Japanese name (no more than its length and script can tell)."""
    return _JAPANESE.fullmatch(text) is not None or _TRANSLATED.fullmatch(text) is not None


def is_pen_name(text: str) -> bool:
    """Whether `text` may be a name where a credit says that one follows: 钟声, 一丁, 山田 太郎."""
    parts = text.split()
    short = len(parts) <= 2 and len("".join(parts)) <= 6 and all(is_japanese_name(part) for part in parts)
    return bool(parts) and (
        is_han_name(text) or is_translated_name(text) or (short and len("".join(parts)) >= 2)
    )


def is_translated_name(text: str) -> bool:
    """Whether `text` is a foreign name in Han or Katakana, its parts joined by a middle dot."""
    return _TRANSLATED.fullmatch(text) is not None


def is_korean_name(text: str) -> bool:
    """Whether `text` has the shape of a Korean name."""
    return _KOREAN.fullmatch(text) is not None and text[0] in _KOREAN_SURNAMES


def is_word_name(text: str) -> bool:
    """Whether `text` has the shape of a name in a script with capitals: two to five words and particles."""
    return _WORD_NAME.fullmatch(text) is not None


def is_single_name(text: str) -> bool:
    """Whether `text` is one capitalised word, as the name of somebody known by one name is."""
    return _SINGLE.fullmatch(text) is not None


def is_given_name(word: str) -> bool:
    """Whether `word` is a common given name, or has an ending that only names have."""
    folded = word.casefold()
    return folded in _GIVEN


def word_name_at_start(text: str) -> str:
    """The name in a script with capitals with which `text` begins, "" where none does."""
    match = _WORD_NAME.match(text)
    return match[0] if match else ""


def word_name_at_end(text: str) -> str:
    """The name of two words or more with which `text` ends, "" where none does; the shortest that fits."""
    words = text.split()
    for count in range(2, min(5, len(words)) + 1):
        candidate = " ".join(words[-count:])
        if _WORD_NAME.fullmatch(candidate) and text.endswith(candidate):
            return candidate
    return ""
