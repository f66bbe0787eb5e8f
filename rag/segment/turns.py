"""Turns of a conversation: "张三：", "SMITH:", "Q:" at the beginnings of paragraphs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import regex

from rag.segment.names import is_han_name, is_translated_name, is_word_name
from rag.segment.script import has_cjk, listed

_LABEL = regex.compile(
    r"(?P<label>[^\s:：。！？!?，,；;][^:：。！？!?；;\n]{0,38}?)\s*(?P<colon>[:：])\s*(?!//)(?P<rest>.?)",
    regex.DOTALL,
)
_ASKS = regex.compile(
    r"问|問|提问|追问|質問|Q\d*|QUESTION|Question|Pregunta|P|Frage|F|Domanda|D|В|Вопрос|س|سؤال|ถาม|문|Pergunta"
)
_ANSWERS = regex.compile(
    r"答|回答|A\d*|ANSWER|Answer|Respuesta|R|Antwort|Risposta|О|Ответ|ج|جواب|ตอบ|답|Resposta"
)
_DOTTED = regex.compile(r"(?P<label>[QAPRF])\.\s+(?=[\p{Lu}\p{Han}¿¡“\"«])")
_DASHED_END = "?？か。ね"
_INTERVIEWER = regex.compile(
    r"记者|記者|主持人|采访者|採訪者|聞き手|司会者?|編集部|本刊|本报|本報|观众|听众|interviewer|host|moderator(?:in)?|reporter|journalist|"
    r"periodista|entrevistadora?|moderadora?|presentadora?|intervistatore|journaliste|animateur|animatrice|interviewerin|ведущ(?:ий|ая)|"
    r"корреспондент|المحاور|الصحفي|المذيع|진행자|기자|사회자|ผู้สัมภาษณ์|พิธีกร|ผู้ดำเนินรายการ|นักข่าว",
    regex.IGNORECASE,
)
_ROLES_HAN = regex.compile(
    r"(?:记者|記者|主持人|采访者|主席|会长|會長|司会者?|聞き手|司仪|旁白|观众|觀眾|听众|嘉宾|来宾|学生|老师|教师|发言人|議長|委員長|会場|一同|"
    r"医生|患者|律师|法官|审判长|审判员|原告|被告|公诉人|辩护人|证人|"
    r"[\p{Han}]{1,6}(?:书记|主任|市长|县长|局长|部长|处长|院长|校长|所长|会长|教授|博士|老师|医生|律师|委员|代表|经理|总裁|记者|同志|先生|女士|"
    r"議員|委員|市長|課長|部長|局長|さん|氏))"
)
_ROLES_WORDS = regex.compile(
    r"(?:the\s+)?(?:moderator|interviewer|interviewee|host|(?:vice\s+)?chair(?:man|woman|person)?|presenter|narrator|audience|speaker|reporter|"
    r"judge|court|witness|clerk|counsel|president|secretary|mayor|minister|operator|journalist|editor|all|several\s+members|"
    r"moderadora?|entrevistadora?|periodista|presentadora?|presidente?a?|alcalde(?:sa)?|moderatore|intervistatore|journaliste|animateur|"
    r"animatrice|moderatorin|interviewerin|reporterin|ведущ(?:ий|ая)|корреспондент|председатель|المحاور|الصحفي|المذيع|الرئيس|진행자|기자|사회자|"
    r"위원장|의장|ผู้สัมภาษณ์|พิธีกร|ผู้ดำเนินรายการ|นักข่าว|ประธาน)",
    regex.IGNORECASE,
)
_FIELDS = listed(
    """note notes warning tip important caution figure table subject date time place venue location to from
    cc bcc re attn example examples summary source sources keywords abstract address phone tel fax email
    e-mail web website url price total name title author contact contacts ps p.s update attention
    remember hint answer question result results conclusion step present absent apologies attendees
    agenda item action deadline status version license copyright isbn doi http https pros cons
    advantages disadvantages problem solution cause effect before after left right top bottom input
    output nota notas fecha lugar asunto ejemplo resumen fuente precio datum ort betreff beispiel
    hinweis achtung quelle remarque ventajas desventajas vorteile nachteile problème solution cause
    objet exemple lieu attention дата место тема пример примечание внимание источник важно плюсы минусы
    优点 缺点 优势 劣势 原因 措施 目标 目的 问题 建议 结论 要求 内容 时间 地点 方法 步骤 说明 注 注意
    备注 例 例如 提示 答案 解析 分析 结果 效果 背景 现状 对策 優點 缺點 原因 目標 問題 建議 結論 時間
    地點 步驟 說明 備註 長所 短所 目的 方法 結果 例 注 備考 日時 場所 対象 定員 料金 申込 問い合わせ
    출처 일시 장소 대상 문의 甲方 乙方 丙方"""
)
_RESOLVED = regex.compile(
    r"(?:beschluss|abstimmung|resolved|resolution|decision|motion|vote|action|acuerdo|acuerdos|votación|décision|délibération|vote|"
    r"delibera|decisão|решили|решение|постановили|голосование|决议|决定|表决|会议决定|会议议定|议定|決議|決定|議決|결정|의결|قرار|มติ)\s*[:：]",
    regex.IGNORECASE,
)
_PARENTHESIS = regex.compile(r"\s*[（(【\[][^（()）】\]]{0,30}[）)】\]]\s*$")
_OFFICE_FIRST = regex.compile(r"(?P<role>[\p{Han}、]{3,20})[ \u3000]+(?P<name>[\p{Han}·]{2,8})")
_OFFICE_WORD_FIRST = regex.compile(
    r"(?P<role>(?:(?:vice|deputy|acting)\s+)?(?:mayor|president|chair(?:man|woman|person)?|councill?or|senator|minister|professor|"
    r"director|secretary|commissioner|judge|(?:ober)?bürgermeister(?:in)?|stadtrat|stadträtin|gemeinderat|gemeinderätin|"
    r"alcalde(?:sa)?|concejala?|presidente?a?|maire|sindaco|prefeito|мэр|депутат|глава))\s+(?P<name>\p{Lu}[\p{L}’'\-.]+(?:\s+\p{Lu}[\p{L}’'\-]+){0,2})",
    regex.IGNORECASE,
)
_SPACED = regex.compile(r"(?P<label>[\p{Han}々]{1,4}|[\p{Katakana}ー]{2,8})\u3000+(?=\S)")
_DASHED = regex.compile(r"[—―─]{2}(?=\S)")
_ASKING_END = "?？؟"


@dataclass(frozen=True, slots=True)
class Turn:
    """The label with which a paragraph begins as somebody's words."""

    label: str  # without the colon and what stands in brackets before it
    speaker: str  # "" for a mere "Q" or "答", which names nobody
    role: str
    is_question: bool = False  # the label says so
    has_office: bool = False  # an office stands before the name
    is_spaced: bool = False  # a space stands after it, and no colon
    is_interviewer: bool = False  # the label is that of one who asks: 记者, Interviewer


@dataclass(frozen=True, slots=True)
class Turns:
    """The labels that mark speakers in one document; empty where none do."""

    labels: frozenset[str] = frozenset()

    def of(self, text: str) -> Turn | None:
        """The turn that `text` begins, or None."""
        if not self.labels:
            return None
        turn = _turn(text)
        if turn is None or turn.label not in self.labels:
            return None
        return turn


def find_turns(paragraphs: Iterable[str]) -> Turns:
    """The labels of speakers in a document, from all its paragraphs in order.

    A label that looks like a name or an office counts where it comes twice, or beside another such turn. Any
    other must come twice and stand mostly beside turns of others, in what is a conversation.
    """
    texts = list(paragraphs)
    found = [(place, turn) for place, text in enumerate(texts) if (turn := _turn(text)) is not None]
    count = Counter(turn.label for _, turn in found)
    sure = {turn.label for _, turn in found if _is_sure(turn, count)}
    beside = _beside(found, sure)
    accepted = {label for label in sure if count[label] >= 2 or beside[label] >= 1}
    spaced = {turn.label for _, turn in found if turn.is_spaced}
    if "――" not in accepted:
        spaced = {label for label in spaced if beside[label]}
    unsure = {label for label in count if label not in sure and count[label] >= 2 and _may_speak(label)}
    unsure -= {turn.label for _, turn in found if turn.is_spaced} - spaced
    beside = _beside(found, accepted | unsure)
    unsure = {label for label in unsure if 2 * beside[label] >= count[label]}
    if accepted or _is_conversation(found, unsure, texts):
        accepted |= unsure
    return Turns(frozenset(accepted))


def is_resolution(text: str) -> bool:
    """Whether a paragraph of a conversation is what was resolved, and nobody's words: "Beschluss: …"."""
    return _RESOLVED.match(text) is not None


def _beside(found: Sequence[tuple[int, Turn]], labels: set[str]) -> Counter[str]:
    """For each label how many of its turns stand within two paragraphs of another's."""
    kept = [(place, turn.label) for place, turn in found if turn.label in labels]
    near: set[tuple[int, str]] = set()
    for (place, label), (other_place, other) in pairwise(kept):
        if label != other and other_place - place <= 2:
            near |= {(place, label), (other_place, other)}
    return Counter(label for _, label in near)


def _is_conversation(found: Sequence[tuple[int, Turn]], labels: set[str], texts: Sequence[str]) -> bool:
    """Whether labels of no known shape take turns freely, or ask; the fields of a form do neither."""
    order = [(turn.label, texts[place]) for place, turn in found if turn.label in labels]
    if len(order) < 4 or len({label for label, _ in order}) < 2:
        return False
    if any(text.rstrip("”’」』）)\"'")[-1:] in _ASKING_END for _, text in order):
        return True
    followers: defaultdict[str, set[str]] = defaultdict(set)
    for (before, _), (after, _) in pairwise(order):
        followers[before].add(after)
    return len(followers) >= 3 and any(len(after) > 1 for after in followers.values())


def _turn(text: str) -> Turn | None:
    dotted = _DOTTED.match(text[:8])
    if dotted:
        label = dotted["label"]
        return Turn(f"{label}.", "", "", is_question=label != "A" and label != "R")
    if _DASHED.match(text) and text.rstrip("”’」』）)\"'")[-1:] in _DASHED_END:
        return Turn("――", "", "", is_question=True)
    spaced = _SPACED.match(text)
    if spaced:
        return Turn(spaced["label"], spaced["label"], "", is_spaced=True)
    match = _LABEL.match(text[:64])
    if match is None:
        return None
    label = match["label"].strip()
    if label[-1].isdigit() and match["rest"].isdigit():
        return None  # a time, 10:30
    if _ASKS.fullmatch(label) or _ANSWERS.fullmatch(label):
        return Turn(label, "", "", is_question=_ASKS.fullmatch(label) is not None)
    bare = _PARENTHESIS.sub("", label)
    role = label[len(bare) :].strip(" （()）[]【】\u3000")
    office = _OFFICE_FIRST.fullmatch(bare) or _OFFICE_WORD_FIRST.fullmatch(bare)
    if office and not role:
        return Turn(office["name"], office["name"], office["role"], has_office=True)
    return Turn(bare, bare, role, is_interviewer=_INTERVIEWER.fullmatch(bare) is not None) if bare else None


def _is_sure(turn: Turn, count: Counter[str]) -> bool:
    """Whether the label has the shape of a name, an office, or one half of question and answer."""
    name = turn.speaker
    if turn.is_spaced or turn.has_office:
        return turn.has_office
    if turn.label == "――":
        return count[turn.label] >= 2
    if not name:
        pairs = {"Q.": "A.", "A.": "Q.", "P.": "R.", "R.": "P.", "F.": "A."}
        other = pairs.get(turn.label)
        return count[turn.label] >= 2 and (other is None or count[other] >= 2)
    if name.casefold() in _FIELDS or is_resolution(f"{name}:"):
        return False
    if has_cjk(name):
        return is_han_name(name) or is_translated_name(name) or _ROLES_HAN.fullmatch(name) is not None
    return _is_capital_name(name) or _ROLES_WORDS.fullmatch(name) is not None


def _is_capital_name(name: str) -> bool:
    """SMITH, MR. SMITH, THE CHAIR, Jane Roe."""
    words = name.split()
    if len(words) > (6 if name.isupper() else 4) or any(
        word.strip(".,").casefold() in _FIELDS for word in words
    ):
        return False
    return (name.isupper() and len(name) >= 3 and any(len(word) > 2 for word in words)) or is_word_name(name)


def _may_speak(label: str) -> bool:
    """Whether a label that is no known shape may be a name: short, no field, begins like a name."""
    if label.casefold() in _FIELDS or is_resolution(f"{label}:"):
        return False
    if has_cjk(label):
        return len(label) <= 6 and not any(map(str.isdigit, label))
    return len(label.split()) <= 3 and not label[0].islower() and not any(map(str.isdigit, label))
