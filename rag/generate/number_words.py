"""Number words, scales, months and weekdays in the languages whose passages and answers meet most; folded."""

from __future__ import annotations

from decimal import Decimal

import regex


def _pairs(listing: str) -> dict[str, int]:
    entries = (entry.rpartition("=") for entry in listing.split())
    return {name: int(value) for words, _, value in entries for name in words.split("/")}


HAN_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {
    "〇": 0, "两": 2, "兩": 2, "○": 0,
}  # fmt: skip
SMALL_UNITS = {"十": 10, "百": 100, "千": 1000}
LARGE_UNITS = {"万": 10**4, "萬": 10**4, "만": 10**4, "亿": 10**8, "億": 10**8, "억": 10**8}

# Small words that are also something else ("un", "six" is fine) are left out: a wrong number costs more.
WORD_VALUES = _pairs(
    """zero=0 one=1 two/dos/deux/zwei/два/две=2 three/tres/trois/drei/три=3 four/cuatro/quatre/vier/четыре=4
    five/cinco/cinq/fünf/пять=5 six/seis/sechs/шесть=6 seven/siete/sept/sieben/семь=7
    eight/ocho/huit/acht/восемь=8 nine/nueve/neuf/neun/девять=9 ten/diez/dix/zehn/десять=10
    eleven/once/onze/elf/одиннадцать=11 twelve/doce/douze/zwölf/двенадцать/dozen=12
    thirteen/trece/treize/dreizehn=13 fourteen/catorce/quatorze/vierzehn=14 fifteen/quince/quinze/fünfzehn=15
    sixteen/seize/sechzehn=16 seventeen/siebzehn=17 eighteen/achtzehn=18 nineteen/neunzehn=19
    twenty/veinte/vingt/zwanzig/двадцать=20 thirty/treinta/trente/dreißig/dreissig/тридцать=30
    forty/cuarenta/quarante/vierzig/сорок=40 fifty/cincuenta/cinquante/fünfzig/пятьдесят=50
    sixty/sesenta/soixante/sechzig/шестьдесят=60 seventy/setenta/siebzig=70 eighty/ochenta/achtzig=80
    ninety/noventa/neunzig=90 hundred/cien/ciento/cent/hundert/сто=100 thousand/mil/mille/tausend=1000
    million=1000000 billion=1000000000"""
)
SCALES = _pairs(
    """hundred=100 thousand/mil/mille/tausend/тыс/тысяч/тысячи=1000
    million/millions/millón/millones/mio/millionen/млн/миллионов/миллиона=1000000 m=1000000
    billion/billions/milliarden/mrd/млрд=1000000000"""
)
MONTHS = _pairs(
    """january/jan/enero/janvier/januar/января/январь/январе/gennaio/janeiro/januari/يناير=1
    february/feb/febrero/février/februar/февраля/февраль/феврале/febbraio/fevereiro/februari/فبراير=2
    march/marzo/mars/märz/марта/март/марте/março/maart/مارس=3
    april/apr/abril/avril/апреля/апрель/апреле/aprile/أبريل=4 may/mayo/mai/мая/май/мае/maggio/maio/mei/مايو=5
    june/jun/junio/juin/juni/июня/июнь/июне/giugno/junho/يونيو=6
    july/jul/julio/juillet/juli/июля/июль/июле/luglio/julho/يوليو=7
    august/aug/agosto/août/августа/август/августе/augustus/أغسطس=8
    september/sept/sep/septiembre/septembre/сентября/сентябрь/сентябре/settembre/setembro/سبتمبر=9
    october/oct/octubre/octobre/oktober/октября/октябрь/октябре/ottobre/outubro/أكتوبر=10
    november/nov/noviembre/novembre/ноября/ноябрь/ноябре/novembro/نوفمبر=11
    december/dec/diciembre/décembre/dezember/декабря/декабрь/декабре/dicembre/dezembro/ديسمبر=12"""
)
# Whole words only: "sun" and "sat" are others.
WEEKDAYS = _pairs(
    """monday/montag/lundi/lunes/lunedì/segunda-feira/понедельник/maandag/الاثنين=1
    tuesday/dienstag/mardi/martes/martedì/terça-feira/вторник/dinsdag/الثلاثاء=2
    wednesday/mittwoch/mercredi/miércoles/mercoledì/quarta-feira/сред/woensdag/الأربعاء=3
    thursday/donnerstag/jeudi/jueves/giovedì/quinta-feira/четверг/donderdag/الخميس=4
    friday/freitag/vendredi/viernes/venerdì/sexta-feira/пятниц/vrijdag/الجمعة=5
    saturday/samstag/sonnabend/samedi/sábado/sabato/суббот/zaterdag/السبت=6
    sunday/sonntag/dimanche/domingo/domenica/воскресень/zondag/الأحد=7"""
)


def han_value(text: str) -> Decimal | None:
    """The value of a number in Han digits, or in digits and Han units (1万2千, 二〇二二); None where none."""
    if all(character in HAN_DIGITS for character in text):
        return Decimal("".join(str(HAN_DIGITS[character]) for character in text))
    total = section = Decimal(0)
    digit: Decimal | None = None
    for token in regex.findall(r"\d+(?:\.\d+)?|.", text):
        if token in HAN_DIGITS:
            digit = Decimal(HAN_DIGITS[token])
        elif token[0].isdecimal():
            digit = Decimal(token)
        elif token in SMALL_UNITS:
            section += (Decimal(1) if digit is None else digit) * SMALL_UNITS[token]
            digit = None
        elif token in LARGE_UNITS:
            section += digit or 0
            if not section:
                return None
            total, section, digit = total + section * LARGE_UNITS[token], Decimal(0), None
        else:
            return None
    result = total + section + (digit or 0)
    return result if result or "零" in text else None
