"""Newspaper pages made of a title, an editor's note and signed articles, set in four ways, with cuts."""

from __future__ import annotations

import random
from dataclasses import dataclass

from recut import Page, Setter

ARTICLES = {
    "zh": dict(
        title=["同饮一江水 共护一方田", "基层治理大家谈", "读懂乡村的三把钥匙", "“一村一策”怎么走得更稳"],
        heads=[
            "守好青山绿水 做强生态产业",
            "让老街区焕发新活力",
            "以改革破难题",
            "从“有没有”到“好不好”",
            "数字赋能 服务到家",
            "为什么要把账本挂在门口",
            "念好“山字经” 走好致富路",
            "三个转变带来的启示",
            "推进移风易俗 弘扬时代新风",
            "把论文写在大地上",
            "聚力攻坚 实干争先 奋力谱写乡村振兴新篇章",
            "用心用情办好民生实事",
        ],
        by=[
            ("青溪县委书记 何立新", "何立新"),
            ("临江市委常委、云湖区委书记 沈 涛", "沈 涛"),
            ("本报记者 吴晓梅", "吴晓梅"),
            ("文/周一鸣", "周一鸣"),
            ("作者：郑海燕", "郑海燕"),
            ("白塔镇党委书记、镇长　马 骏", "马 骏"),
            ("牧业合作社理事长 巴特尔·苏和", "巴特尔·苏和"),
            ("省农科院研究员 欧阳志远", "欧阳志远"),
            ("□ 冯小刚", "冯小刚"),
            ("记者 刘芳 通讯员 孙强", "刘芳、孙强"),
            ("丁一然（师范大学教授）", "丁一然"),
            ("中学语文教师 许静", "许静"),
            ("主讲人：罗永泰", "罗永泰"),
            ("阿依古丽·买买提", "阿依古丽·买买提"),
            ("高国强", "高国强"),
            ("市文旅局局长  田 野", "田 野"),
            ("村党支部书记潘大勇", "潘大勇"),
        ],
    ),
    "en": dict(
        title=[
            "The Coast and Its People",
            "Notes From a Small Harbour",
            "WHAT THE RIVER KNOWS",
            "Five Views of the Same Hill",
        ],
        heads=[
            "A light in the window",
            "Why we keep the old bridge",
            "The price of salt",
            "Learning to listen",
            "What the map forgot",
            "Bread, butter and bylaws",
            "When the ferry stops",
            "Counting birds at dawn",
            "The last mill",
            "How to mend a wall",
        ],
        by=[
            ("By Jane Roe", "Jane Roe"),
            ("By Thomas O’Neill and Mary-Ann Clarke", "Thomas O’Neill and Mary-Ann Clarke"),
            ("Priya Nair, Mayor of Exmouth", "Priya Nair"),
            ("by J. R. Whitcombe", "J. R. Whitcombe"),
            ("Words by Hannah Lund", "Hannah Lund"),
            ("Dr. Samuel Achebe, Director of the Tide Institute", "Dr. Samuel Achebe"),
            ("By Ludwig van der Berg", "Ludwig van der Berg"),
            ("BY ANNA PETROVA", "ANNA PETROVA"),
            ("Story by Kofi Mensah", "Kofi Mensah"),
            ("Author: Ines Duarte", "Ines Duarte"),
            ("By Rosa Klein | The Herald", "Rosa Klein"),
            ("By Jane Roe, Staff Writer", "Jane Roe"),
        ],
    ),
    "es": dict(
        title=["Voces de la sierra", "El pan de cada día"],
        heads=[
            "Cómo se mide el agua",
            "La escuela que no cerró",
            "Un oficio antiguo",
            "Lo que dicen los mapas",
            "El último molino",
        ],
        by=[
            ("Por Lucía Benavides", "Lucía Benavides"),
            ("Texto: Andrés de la Fuente", "Andrés de la Fuente"),
            ("María José Cano, alcaldesa de Villar", "María José Cano"),
            ("Por Juan Pérez y Ana Ruiz", "Juan Pérez y Ana Ruiz"),
        ],
    ),
    "fr": dict(
        title=["Au fil de la Verne"],
        heads=["Le pont et la rivière", "Une école sous les toits", "Ce que disent les cartes"],
        by=[
            ("Par Hélène Marchand", "Hélène Marchand"),
            ("Jean-Luc Ferrand, maire de Mareuil", "Jean-Luc Ferrand"),
            ("Texte : Camille Roux", "Camille Roux"),
        ],
    ),
    "de": dict(
        title=["Stimmen aus dem Tal"],
        heads=["Warum die Uhr falsch geht", "Ein Dorf und sein Bus", "Was im Turm lag"],
        by=[
            ("Von Klara Wehling", "Klara Wehling"),
            ("Text: Jonas Bergmann", "Jonas Bergmann"),
            ("Petra Sommer, Bürgermeisterin von Hollerbrunn", "Petra Sommer"),
        ],
    ),
    "ru": dict(
        title=["Голоса реки"],
        heads=["Как измерить воду", "Школа на том берегу", "Последний паром"],
        by=[
            ("Автор: Ольга Ветлугина", "Ольга Ветлугина"),
            ("Текст: Игорь Меньших", "Игорь Меньших"),
            ("Анна Лапшина, директор школы", "Анна Лапшина"),
        ],
    ),
    "ja": dict(
        title=["町の声を聞く", "海と暮らす人々"],
        heads=["朝湯の会が始まった", "なぜ橋を残すのか", "薪をくべる手", "図書室のある銭湯"],
        by=[
            ("記者　戸倉 亮", "戸倉 亮"),
            ("文・山田花子", "山田花子"),
            ("東都大学教授　佐藤健一", "佐藤健一"),
            ("小学校教諭 三ツ谷 香苗", "三ツ谷 香苗"),
            ("聞き手・小田切亮", "小田切亮"),
        ],
    ),
    "zh-Hant": dict(
        title=["山城記事", "一杯茶的時間"],
        heads=["把路修到茶園邊", "讓孩子留下來", "老機器的第二人生"],
        by=[
            ("記者陳書瑋／龍潭口報導", "陳書瑋"),
            ("文／林以安", "林以安"),
            ("鄉公所秘書 黃 敏", "黃 敏"),
            ("撰文：張惠如", "張惠如"),
        ],
    ),
    "ar": dict(
        title=["حكايات الساحل"],
        heads=["حين عاد الماء", "مدرسة تحت العريش", "من يعرف الطريق؟"],
        by=[
            ("بقلم: سلمى البحراني", "سلمى البحراني"),
            ("كتب: أحمد العامري", "أحمد العامري"),
            ("إعداد هالة المنصوري", "هالة المنصوري"),
        ],
    ),
    "ko": dict(
        title=["마을의 목소리"],
        heads=["느티나무 아래에서", "다시 문을 연 학교", "돌담을 쌓는 사람들"],
        by=[("윤서하 기자", "윤서하"), ("글 김민정", "김민정"), ("해든시장 오세린", "오세린")],
    ),
    "th": dict(
        title=["เสียงจากคลอง"],
        heads=["ร้านซ่อมเวลา", "สะพานที่เดินได้", "ตลาดเช้าริมน้ำ"],
        by=[("โดย นภัสสร ทองสุข", "นภัสสร ทองสุข"), ("เรื่อง: ปรียานุช แก้วกาญจน์", "ปรียานุช แก้วกาญจน์")],
    ),
}
NOTES = {
    "zh": "编者按：本期刊登几篇来自基层的文章，各有各的角度，供读者参考。",
    "en": "Editor's note: The pieces on this page were written by people who live on the coast.",
    "es": "Nota del editor: Los textos de esta página los han escrito los propios vecinos.",
    "fr": "Note de la rédaction : Ces textes ont été écrits par des riverains.",
    "de": "Anmerkung der Redaktion: Die Beiträge dieser Seite stammen von Lesern.",
    "ru": "От редакции: тексты этой страницы написаны нашими читателями.",
    "ja": "編集部より：このページの文章は町の方々に書いていただきました。",
    "zh-Hant": "編者按：本期的文章由鎮民自己撰寫，文責自負。",
    "ar": "ملاحظة المحرر: كتب هذه النصوص قراء الصحيفة.",
    "ko": "편집자 주: 이 면의 글은 독자들이 직접 썼다.",
    "th": "หมายเหตุบรรณาธิการ: บทความในหน้านี้เขียนโดยผู้อ่าน",
}

LAYOUTS = ("blank lines", "no blank lines", "wrapped, blank lines", "wrapped, indented")


@dataclass(frozen=True)
class Article:
    heading: str
    speaker: str
    paragraphs: tuple[str, str]


@dataclass(frozen=True)
class Newspaper:
    title: str
    note: str  # "" where there is none
    articles: tuple[Article, ...]
    text: str


def newspaper(language: str, layout: str, paragraphs: list[str], seed: int) -> Newspaper:
    """A page of two to five articles with random headings, bylines and paragraphs."""
    numbers = random.Random(f"{language} {layout} {seed}")
    own = ARTICLES[language]
    pool = numbers.sample(paragraphs, len(paragraphs)) * 3
    headings = numbers.sample(own["heads"], numbers.randint(2, min(5, len(own["heads"]))))
    if numbers.random() < 0.25:
        headings = [heading.upper() for heading in headings]
    signed = [numbers.choice(own["by"]) for _ in headings]
    articles = tuple(
        Article(heading, speaker, (pool.pop(0), pool.pop(0)))
        for heading, (_, speaker) in zip(headings, signed, strict=True)
    )
    title = numbers.choice(own["title"])
    note = NOTES[language] if numbers.random() < 0.5 else ""
    page = Page()
    setter = Setter(page, numbers, language in ("zh", "zh-Hant", "ja", "th"))
    gap, inner = (
        ("\n\n", "\n")
        if layout == "wrapped, indented"
        else ("\n" if layout == "no blank lines" else "\n\n",) * 2
    )
    page.put(title + (gap + note if note else ""))
    for article, (byline, _) in zip(articles, signed, strict=True):
        page.put(gap + article.heading + inner + byline)
        for paragraph in article.paragraphs:
            page.put(inner)
            if layout.startswith("wrapped"):
                setter.wrapped(paragraph, 0, indented="indented" in layout)
            else:
                setter.cut_once(paragraph, 0, inner)
    return Newspaper(title, note, articles, page.text)
