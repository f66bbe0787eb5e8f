"""The closed classes of words by which a question shows that it follows another, by language.

Only words that a grammar lists: connectives that open a follow-up ("and", "那", "а"), what closes one ("呢",
"は？", "는요"), words that point back, and the ways to ask who said something. Topics are found by shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import regex

Pattern = regex.Pattern[str]


@dataclass(frozen=True, slots=True)
class Cues:
    """What shows a follow-up in one language; every pattern is written for casefolded text."""

    opening: str = r"(?!)"  # before the new part
    closing: str = r"(?!)"  # after it
    people: str = r"(?!)"  # words that point at a person
    things: str = r"(?!)"  # at a thing, a place or what was said
    places: str = r"(?!)"  # at a place
    owners: Mapping[str, str] = field(default_factory=dict)  # a word that points at an owner -> its form
    said: str = r"(?!)"  # the whole question asks who said it
    more: str = r"(?!)"  # asks for what was not said yet
    asking: str = r"(?!)"  # a question word
    articles: str = r"(?!)"  # before what a question names


_LATIN = {
    "en": Cues(
        opening=r"(?:and|but|or|so|then|ok(?:ay)?)?[ ,]*(?:(?:what|how) about|what of)\b|(?:and|but"
        r"|so)\b(?: then\b)?,?",
        people=r"\b(?:he|she|him)\b",
        things=r"\bit\b(?! (?:takes?|costs?|true|possible)\b.+\b(?:to|that)\b)|\b(?:they|them)\b"
        r"|\b(?:this|that|these|those)\b(?! \p{L})",
        places=r"(?<!\b(?:is|are|was|were|be|will) )\bthere\b",
        articles=r"\b(?:the|an?)\b",
        owners={"his": "’s", "her": "’s", "its": "’s", "their": "’s"},
        said=r"(?:and |but |so )?(?:who (?:was it (?:that|who) )?(?:sa(?:id|ys)|wrote|writes|claims"
        r"|claimed|stated|told (?:us|you)|"
        r"is (?:saying|speaking)|spoke|is the (?:speaker|author))(?: (?:that|this|so|it|these"
        r"|those))?(?: words?)?"
        r"|whose words (?:are|were) (?:these|those|they|this|that)|according to whom)",
        more=r"\b(?:else|more|further|other)\b",
        asking=r"\b(?:who|whom|whose|what|which|when|where|why|how)\b",
    ),
    "de": Cues(
        opening=r"(?:und|aber|oder|also) (?:was ist mit|wie (?:ist|steht) es mit)\b|(?:was ist mit"
        r"|wie (?:ist|steht) es mit)\b|(?:und|aber)\b",
        people=r"\b(?:er|ihm|ihn)\b",
        places=r"\b(?:dort|dorthin|da)\b",
        articles=r"\b(?:der|die|das|den|dem|des|eine?[nmrs]?)\b",
        things=r"\bsie\b|(?<!\bgibt )\bes\b|\bdas\b(?! \p{L})",
        said=r"(?:und )?wer (?:hat (?:das|es) (?:gesagt|geschrieben|behauptet)|(?:sagt|sagte|schreibt"
        r"|schrieb|behauptet) (?:das|es|so etwas))|(?:und )?von wem ist das",
        more=r"\b(?:noch|sonst|weiter)\b",
        asking=r"\b(?:wer|wen|wem|wessen|was|wann|wo|wohin|woher|warum|wieso|weshalb|wie|wieviele?"
        r"|welche[mnrs]?)\b",
    ),
    "fr": Cues(
        opening=r"(?:et|mais) (?:alors|qu’en est-il de)\b,?|(?:et|mais)\b",
        people=r"(?<!\b(?:faut|y a|est)(?:-t)?)(?:-t)?-(?:il|elle)\b|(?<!-)\b(?:elle|lui)\b"
        r"|(?<!-)\bil\b(?! (?:y a|faut))",
        things=r"(?:-t)?-(?:ils|elles)\b|\b(?:ils|elles|cela|ça)\b",
        places=r"\blà\b|(?<!\bil )\by\b(?! a)",
        articles=r"\b(?:le|la|les|une?|des|du|aux?|l[’'])\b",
        said=r"(?:et )?qui (?:l[’']a (?:dit|écrit)|a (?:dit|écrit) (?:cela|ça)|(?:dit|écrit) (?:cela|ça)"
        r"|le dit)",
        more=r"\b(?:encore|aussi|d[’']autre)\b",
        asking=r"\b(?:qui|que|quoi|quand|où|pourquoi|comment|combien|quels?|quelles?)\b",
    ),
    "es": Cues(
        opening=r"(?:y|pero|e) (?:qué (?:hay|pasa) (?:de|con))\b|¿?(?:y|e|pero)\b",
        people=r"\b(?:él|ella)\b",
        things=r"\b(?:ellos|ellas|ello|eso|esto)\b",
        places=r"\b(?:allí|ahí|allá)\b",
        articles=r"\b(?:el|la|los|las|una?|al|del)\b",
        said=r"(?:y )?quién (?:lo |la )?(?:dijo|dice|ha dicho|afirma|afirmó|escribió"
        r"|ha escrito)(?: (?:eso|esto))?",
        more=r"\b(?:más|otra cosa|también)\b",
        asking=r"\b(?:quién(?:es)?|qué|cuándo|dónde|adónde|por qué|cómo|cuánt[oa]s?|cuál(?:es)?)\b",
    ),
    "it": Cues(
        opening=r"(?:e|ma|ed)\b(?: allora\b)?",
        people=r"\b(?:lui|lei|egli|ella)\b",
        things=r"\b(?:loro|ciò|esso|essa)\b",
        places=r"\b(?:lì|là)\b",
        articles=r"\b(?:il|lo|la|i|gli|le|una?|uno|del|della)\b",
        said=r"(?:e )?chi (?:l[’']ha (?:detto|scritto)|lo (?:dice|scrive)|ha (?:detto|scritto) (?:questo"
        r"|ciò))",
        more=r"\b(?:altro|ancora|anche)\b",
        asking=r"\b(?:chi|che|cosa|quando|dove|perché|come|quant[oiae]|qual[ei]?)\b",
    ),
    "pt": Cues(
        opening=r"(?:e|mas)\b(?: quanto a\b)?",
        people=r"\b(?:ele|ela)\b",
        things=r"\b(?:eles|elas|isso|isto)\b",
        places=r"\b(?:ali|aí|lá)\b",
        articles=r"\b(?:os?|as?|uma?|d[oa]s?)\b",
        said=r"(?:e )?quem (?:o )?(?:disse|diz|escreveu)(?: (?:isso|isto))?",
        more=r"\b(?:mais|outra coisa|também)\b",
        asking=r"\b(?:quem|que|quê|quando|onde|por que|porquê|como|quant[oa]s?|qual|quais)\b",
    ),
}
_OTHER = {
    "ru": Cues(
        opening=r"(?:а|и|но) (?:как насчёт|что насчёт|что с)\b|(?:а|и|но)\b",
        people=r"\b(?:он|она|ей|ему)\b",
        places=r"\b(?:там|туда)\b",
        things=r"\b(?:они|оно|их|его|её|ее|им)\b|\bэто\b(?! \p{L})",
        said=r"(?:а |и )?кто (?:это |так |об этом )?(?:сказал|говорит|написал|пишет|утверждает)(?: это"
        r"| так)?",
        more=r"\b(?:ещё|еще|также)\b",
        asking=r"\b(?:кто|что|когда|где|куда|откуда|почему|зачем|как|сколько|как(?:ой|ая|ое|ие|ую|ом|их)"
        r"|чей)\b",
    ),
    "ar": Cues(
        opening=r"(?:و?ماذا عن|و?ما بشأن)\b",
        people=r"(?<!\b(?:ما|من|وما|ومن) )\b(?:هو|هي)\b",
        things=r"\b(?:هم|ذلك|هذا)\b(?! \p{L})",
        places=r"\bهناك\b",
        said=r"و?من (?:الذي )?(?:قال|كتب) (?:ذلك|هذا)",
        more=r"\b(?:أيضا|أيضًا|غير ذلك)\b",
        asking=r"\b(?:من|ما|ماذا|متى|أين|لماذا|كيف|كم|أي)\b",
    ),
    "zh": Cues(
        opening=r"(?:那么|那麼|那|还有|還有|再问|而|换成|換成|至于|至於)(?![个個些里裡儿兒边邊位座家只条條天年次时時样樣])[,，]?",
        closing=r"(?:又)?(?:怎么样|怎麼樣|如何|怎样|怎樣)?呢|(?:又)(?:怎么样|怎麼樣|如何)",
        people=r"(?<!其)[他她](?![们們乡鄉人])",
        things=r"(?:那|这|這)(?:里|裡|儿|兒|边|邊)|[它他她][们們]?|(?<![尤极極])其(?![他它中实實余餘])|(?:这|這|那|该|該)(?:[个個些]|件事|位"
        r"|座|家|批|篇|次|项|項)?",
        said=r"(?:那么?|请问)?(?:(?:这|這|那|上面)(?:句|番|些|段|个|個)?(?:话|話)?(?:是|由)?)?(?:谁|誰|哪位|什么人|哪个人)(?:说|說|讲|講"
        r"|提出|写|寫|发言|發言)(?:的|过|了)?(?:这|這|那)?(?:句|些|个|個)?(?:话|話)?(?:的)?"
        r"|(?:这|這|那)?(?:是)?(?:谁|誰|哪位)的(?:话|話|发言|發言|观点|觀點)|(?:说|說)(?:这|這|那)?(?:句|番|些)?(?:话|話)的(?:人)?是(?:谁"
        r"|誰)",
        more=r"[还還又](?=[说說讲講有提做])|另外|其他|其它|别的|別的",
        asking=r"谁|誰|什么|什麼|甚麼|怎么|怎麼|怎样|怎樣|如何|哪|几|幾|多少|多[久大长長高远遠深]|为何|為何|何时|何時|吗|嗎|是否|有没有|有沒有",
    ),
    "ja": Cues(
        opening=r"(?:では|じゃあ?|それでは|それなら|そして|で)[、,]?",
        closing=r"(?:の場合)?(?:は|なら)(?:どうですか|どう|いかがですか)?",
        people=r"彼女?(?=[はがをにの])",
        places=r"(?:そこ|ここ|あそこ)(?=[はがをにでのも])",
        things=r"(?:それ|これ)(?=[はがをにでのも])|その|この",
        said=r"(?:(?:それ|これ|その(?:話|言葉|発言))(?:は|を))?(?:誰|だれ|どなた)(?:が|の)(?:それを|そう|これを|そのように)?(?:言|話|述べ|書|発言"
        r"|言葉)\p{L}*",
        more=r"ほかに|他に|さらに",
        asking=r"誰|だれ|何|なに|なん|いつ|どこ|どの|どう|なぜ|いくら|いくつ|どれ",
    ),
    "ko": Cues(
        opening=r"(?:그럼|그러면|그리고|그런데)\b,?",
        closing=r"(?:은|는)(?:요|어떻습니까| 어떻습니까| 어때요)?",
        people=r"\b(?:그|그녀)(?=[는가를의]\b)",
        things=r"\b(?:그것|이것)(?=\p{L}{0,2}\b)",
        places=r"\b(?:그곳|거기|여기)(?=\p{L}{0,2}\b)",
        said=r"(?:(?:그|이)(?:건|것은|말은|말을|걸) )?누가 (?:(?:그렇게|그) )?(?:한 )?(?:말|했|썼|쓴)\p{L}*",
        more=r"\b또\b|그 밖에",
        asking=r"누구|누가|무엇|뭐|언제|어디|왜|어떻게|어떤|얼마|몇|무슨",
    ),
    "th": Cues(
        opening=r"แล้ว",
        closing=r"ล่ะ(?:ครับ|คะ|ค่ะ)?",
        people=r"เขา|เธอ",
        things=r"มัน",
        places=r"ที่นั่น",
        said=r"(?:แล้ว)?ใคร(?:พูด|เขียน|บอก)(?:เรื่องนี้|แบบนั้น)?",
        asking=r"ใคร|อะไร|เมื่อไร|เมื่อไหร่|ที่ไหน|ทำไม|อย่างไร|เท่าไร|เท่าไหร่|กี่|ไหน|ไหม",
    ),
}
CUES = {**_LATIN, **_OTHER}
UNSPACED = frozenset(("zh", "ja", "th"))
NOBODY = Cues()


def cues_of(language: str) -> Cues:
    """Return the cues of `language`; of a language that is not known, none at all."""
    return CUES.get(language, NOBODY)


@cache
def compiled(pattern: str) -> Pattern:
    """Return `pattern` ready for use."""
    return regex.compile(pattern)
