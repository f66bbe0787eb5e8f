"""Turns of a conversation: "张三：", "SMITH:", "Q:" at the beginnings of paragraphs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import regex

from rag.segment.names import is_han_name, is_korean_name, is_translated_name, is_word_name
from rag.segment.script import has_cjk

_LABEL = regex.compile(
    r"(?P<label>[^\s:：。！？!?，,；;][^:：。！？!?；;\n]{0,38}?)\s*(?P<colon>[:：])(?!//|\d)\s*(?P<rest>.?)",
    regex.DOTALL,
)
_QUESTION = regex.compile(
    r"(?:问|問|答|提问|追问|Q\d*|A\d*|QUESTION|ANSWER|Question|Answer|Pregunta|Respuesta|P|R|F|Frage|Antwort|Domanda|Risposta|D|"
    r"В|О|Вопрос|Ответ|س|ج|سؤال|جواب|ถาม|ตอบ|문|답|Pergunta|Resposta|質問|回答)"
)
_QUESTION_DOT = regex.compile(r"(?P<label>Q|A)\.\s+(?=\p{Lu}|[\p{Han}])")
_ROLES_HAN = regex.compile(
    r"(?:主持人|记者|記者|主席|主任|会长|會長|司会|聞き手|编辑|編輯|司仪|旁白|观众|觀眾|听众|嘉宾|来宾|学生|老师|教师|代表|发言人|議長|委員長|会場|一同|店员|医生|患者|律师|法官|审判长|审判员|原告|被告|公诉人|辩护人|证人|"
    r"[\p{Han}]{1,6}(?:书记|主任|市长|县长|局长|部长|处长|院长|校长|所长|会长|教授|博士|老师|医生|律师|委员|代表|经理|总裁|记者|同志|先生|女士|議員|委員|市長|課長|部長|局長|さん|氏))"
)
_ROLES_WORDS = regex.compile(
    r"(?:the\s+)?(?:moderator|interviewer|interviewee|host|chair(?:man|woman|person)?|presenter|narrator|audience|speaker|reporter|"
    r"judge|court|witness|clerk|counsel|president|secretary|mayor|minister|operator|journalist|editor|all|several|"
    r"moderador[a]?|entrevistador[a]?|periodista|presentador[a]?|presidente?a?|moderatore|intervistatore|journaliste|animateur|animatrice|"
    r"moderator(?:in)?|interviewer(?:in)?|reporter(?:in)?|ведущ(?:ий|ая)|корреспондент|председатель|المحاور|الصحفي|المذيع|الرئيس|진행자|기자|사회자|위원장|ผู้สัมภาษณ์|พิธีกร|ผู้ดำเนินรายการ|นักข่าว|ประธาน)",
    regex.IGNORECASE,
)
_FIELDS = frozenset(
    """note notes warning tip important caution figure table subject date time place venue location to from cc bcc re attn
    example examples summary source sources keywords abstract address phone tel fax email e-mail web website url price total
    name title author contact contacts ps p.s update attention remember hint answer question result results conclusion step
    present absent apologies attendees agenda item action deadline status version license copyright isbn doi http https
    nota notas fecha lugar asunto ejemplo resumen fuente precio datum ort betreff beispiel hinweis achtung quelle remarque
    exemple lieu objet attention дата место тема пример примечание внимание источник важно""".split()
)
_PARENTHESIS = regex.compile(r"\s*[（(【\[][^（()）】\]]{0,30}[）)】\]]\s*$")


@dataclass(frozen=True, slots=True)
class Turn:
    """The label with which a paragraph begins as somebody's words."""

    label: str  # as printed, without the colon
    speaker: str  # "" for a mere "Q" or "答", which names nobody
    role: str
    alone: bool  # nothing stands after the colon


@dataclass(frozen=True, slots=True)
class Turns:
    """The labels that mark speakers in one document; empty where none do."""

    labels: frozenset[str]

    def of(self, text: str) -> Turn | None:
        """The turn that `text` begins, or None."""
        turn = _turn(text)
        return turn if turn and turn.label in self.labels else None


def find_turns(paragraphs: Iterable[str]) -> Turns:
    """The labels of speakers in a document, from all its paragraphs in order.

    A label that looks like a name, an office or a question mark counts where it comes twice or where two of
    them are there; any other only where several labels take turns.
    """
    order = [turn for text in paragraphs if (turn := _turn(text)) is not None]
    count = Counter(turn.label for turn in order)
    sure = {turn.label for turn in order if _is_sure(turn)}
    if sum(count[label] for label in sure) < 2:
        sure = set()
    unsure = {label for label in count if label not in sure and count[label] >= 2 and _may_speak(label)}
    if not _alternate([turn.label for turn in order], unsure | sure):
        unsure = set()
    return Turns(frozenset(sure | unsure))


def _alternate(order: list[str], labels: set[str]) -> bool:
    """Whether at least two of `labels` follow each other, not in one fixed round (as the fields of a form do)."""
    sequence = [label for label in order if label in labels]
    if len(set(sequence)) < 2 or len(sequence) < 4:
        return False
    followers: dict[str, set[str]] = {}
    for before, after in zip(sequence, sequence[1:], strict=False):
        followers.setdefault(before, set()).add(after)
    return len(set(sequence)) == 2 or any(len(after) > 1 for after in followers.values())


def _turn(text: str) -> Turn | None:
    dotted = _QUESTION_DOT.match(text)
    if dotted:
        return Turn(dotted["label"], "", "", False)
    match = _LABEL.match(text[:64])
    if match is None:
        return None
    label = match["label"].strip()
    alone = not match["rest"]
    if _QUESTION.fullmatch(label):
        return Turn(label, "", "", alone)
    bare = _PARENTHESIS.sub("", label)
    role = label[len(bare) :].strip(" （()）[]【】\u3000")
    return Turn(label, bare, role, alone) if bare else None


def _is_sure(turn: Turn) -> bool:
    name = turn.speaker
    if not name:
        return True
    if has_cjk(name):
        return is_han_name(name) or is_translated_name(name) or _ROLES_HAN.fullmatch(name) is not None
    if name.casefold() in _FIELDS:
        return False
    return _is_capital_name(name) or is_korean_name(name) or _ROLES_WORDS.fullmatch(name) is not None


def _is_capital_name(name: str) -> bool:
    """SMITH, MR. SMITH, THE CHAIR; Jane Roe only where the shape of a full name says so."""
    words = name.split()
    if len(words) > 4 or any(word.strip(".,").casefold() in _FIELDS for word in words):
        return False
    return (name.isupper() and len(name) >= 3 and any(len(word) > 2 for word in words)) or is_word_name(name)


def _may_speak(label: str) -> bool:
    """Whether a label that is no known shape may be a name: short, no field, begins like a name."""
    if has_cjk(label):
        return len(label) <= 6
    words = label.split()
    return (
        len(words) <= 3
        and label.casefold() not in _FIELDS
        and not label[0].islower()
        and not label[0].isdigit()
    )
