"""Number words, scales and months in the languages whose passages and answers meet most; folded."""

from __future__ import annotations


def _pairs(listing: str) -> dict[str, int]:
    entries = (entry.rpartition("=") for entry in listing.split())
    return {name: int(value) for words, _, value in entries for name in words.split("/")}


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
    """january/jan/enero/janvier/januar/января/январь=1 february/feb/febrero/février/februar/февраля/февраль=2
    march/marzo/mars/märz/марта/март=3 april/apr/abril/avril/апреля/апрель=4 may/mayo/mai/мая=5
    june/jun/junio/juin/juni/июня/июнь=6 july/jul/julio/juillet/juli/июля/июль=7
    august/aug/agosto/août/августа/август=8 september/sept/sep/septiembre/septembre/сентября/сентябрь=9
    october/oct/octubre/octobre/oktober/октября/октябрь=10
    november/nov/noviembre/novembre/ноября/ноябрь=11
    december/dec/diciembre/décembre/dezember/декабря/декабрь=12"""
)
