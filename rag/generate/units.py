"""What a number is a number of, where another unit would make it wrong: 7 miles are not 7 kilometres.

Only units that have others of their kind are here; dollars and yuan of several countries count as one each.
"""

from __future__ import annotations

import regex

from rag.segment.script import listed

UNKNOWN = "?"
BELOW_ZERO = ("celsius", "fahrenheit")  # units of which a sign makes another one

# Kind: unit: the words for it, folded. What is also another word ("t", "h", "分") is left out.
_UNITS = {
    "length": {
        "km": "km kilometre kilometres kilometer kilometers kilometern kilómetro kilómetros "
        "kilomètre kilomètres км "
        "километров километра 公里 千米 キロメートル 킬로미터",
        "m": "metre metres meter meters metern metro metros mètre mètres метров метра 米 公尺 メートル 미터",
        "cm": "cm centimetre centimetres centimeter centimeters "
        "zentimeter centímetros см 厘米 公分 センチメートル",
        "mm": "mm millimetre millimetres millimeter millimeters milímetros мм 毫米 ミリ",
        "mile": "mile miles meilen milla millas миль 英里 マイル 마일",
        "foot": "ft foot feet fuß pies 英尺 フィート 피트",
        "yard": "yard yards 码",
        "inch": "inch inches zoll pulgadas 英寸 インチ 인치",
    },
    "mass": {
        "kg": "kg kilo kilos kilogram kilograms kilogramm kilogramme kilogrammes kilogramos кг 公斤 "
        "千克 キログラム 킬로그램",
        "g": "gram grams gramme grammes gramm gramos грамм 克 グラム 그램",
        "tonne": "tonne tonnes ton tons tonnen toneladas тонн тонны 吨 噸 トン 톤",
        "pound": "lb lbs 磅",
        "jin": "斤",
    },
    "area": {
        "ha": "ha hectare hectares hektar hectáreas га гектаров 公顷 公頃 ヘクタール 헥타르",
        "acre": "acre acres 英亩 エーカー",
        "mu": "mu 亩 畝",
        "km2": "km² km2 平方公里 平方千米 quadratkilometer",
        "m2": "m² m2 平方米 平方公尺 quadratmeter 平方メートル 제곱미터",
    },
    "volume": {
        "m3": "m³ m3 立方米 kubikmeter 立方メートル",
        "litre": "litre litres liter liters litern litros 升 公升 リットル 리터",
        "gallon": "gallon gallons 加仑",
    },
    "money": {
        "dollar": "$ us$ dollar dollars dólares долларов 美元 美金 ドル 달러",
        "euro": "€ eur euro euros евро 欧元 歐元 ユーロ 유로",
        "sterling": "£ gbp pound pounds 英镑 英鎊 ポンド 파운드",
        "yuan": "yuan rmb cny 元 人民币 块 块钱 圆 人民元 위안",
        "yen": "yen jpy 日元 日圆 円",
        "won": "krw 韩元 韓元 원 ウォン",
        "rouble": "₽ rouble roubles ruble rubles rubel рублей рубля руб 卢布 盧布 ルーブル",
        "crown": "crown crowns kronen coronas 克朗",
        "franc": "franc francs franken 法郎",
        "baht": "baht บาท 泰铢 バーツ",
    },
    "time": {
        "year": "year years jahr jahre jahren año años ans год лет года 年 年間 년",
        "month": "month months monat monate monaten mes meses mois месяцев месяца 个月 個月 か月 ヶ月 개월",
        "week": "week weeks woche wochen semana semanas semaine semaines недель недели 周 星期 週間 주",
        "day": "day days tag tage tagen día días jour jours дней дня 天 日间 日間 일",
        "hour": "hour hours stunde stunden hora horas heure heures часов часа 小时 小時 時間 시간",
        "minute": "minute minutes minuten minuto minutos минут минуты 分钟 分鐘 分間 분",
        "second": "seconds sekunden segundos secondes секунд 秒 秒間 초",
    },
    "temperature": {
        "celsius": "°c ℃ celsius 摄氏度 攝氏度",
        "fahrenheit": "°f ℉ fahrenheit 华氏度 華氏度",
    },
}  # fmt: skip
_KIND_OF = {unit: kind for kind, units in _UNITS.items() for unit in units}
_KIND_OF |= {f"-{unit}": _KIND_OF[unit] for unit in BELOW_ZERO}
_UNIT_OF: dict[str, str] = {}
for _units in _UNITS.values():
    for _unit, _words in _units.items():
        for _word in _words.split():
            _UNIT_OF.setdefault(_word, _unit)
_MONEY_SIGNS = {"$": "dollar", "€": "euro", "£": "sterling", "₽": "rouble", "us$": "dollar", "美元": "dollar"}
_AFTER = regex.compile(
    r"[\s\u00a0-]*(?:余|多|几|來|来)?(?P<word>"
    + "|".join(sorted(map(regex.escape, _UNIT_OF), key=len, reverse=True))
    + r")(?![\p{Latin}\p{Cyrillic}²³])"
)
_BEFORE = regex.compile(r"(?P<sign>us\$|[$€£₽])\s*$")
_DOLLARS_ELSEWHERE = regex.compile(r"(?:nt|hk|au?|ca?|sg?)\$\s*$|(?:新台币|新臺幣|台币|港币|港幣|人民币)\s*$")
_NOT_UNITS = listed("年代 年级 年級 年度 日元 天然 周年 周岁 块地 元旦 米饭 米粉 克服 克隆 周边 周围")


def unit_of(folded: str, start: int, end: int) -> str:
    """The unit of the number `folded[start:end]`, UNKNOWN where none of these stands beside it."""
    if _DOLLARS_ELSEWHERE.search(folded, max(start - 6, 0), start):
        return UNKNOWN
    if sign := _BEFORE.search(folded, max(start - 4, 0), start):
        return _MONEY_SIGNS[sign["sign"]]
    match = _AFTER.match(folded, end)
    if match is None or folded[match.start("word") :][:2] in _NOT_UNITS:
        return UNKNOWN
    return _UNIT_OF[match["word"]]


def with_unit(value: str, unit: str) -> str:
    """The value as a passage holds it, with what it is a number of."""
    return f"{value}@{unit}"


def differs_in_unit(value: str, unit: str, held: frozenset[str]) -> bool:
    """Whether the passage has this number in other units of the same kind only."""
    if unit == UNKNOWN or with_unit(value, unit) in held or with_unit(value, UNKNOWN) in held:
        return False
    others = [other for other, kind in _KIND_OF.items() if kind == _KIND_OF[unit] and other != unit]
    return any(with_unit(value, other) in held for other in others)
