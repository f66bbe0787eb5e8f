"""How a follow-up question is to be read: the question that it stands for, or itself.

A question that stands for itself must be left alone; a false reading is worse than none. So nothing is
rewritten without a sign: a connective or particle around a new part, a word that points back and has nothing
in its own question to point at, or hardly a word that names anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from rag.chat.conversation import Conversation, Reading, Turn
from rag.chat.cues import CUES, UNSPACED, Cues, compiled, cues_of
from rag.chat.pieces import Piece, is_grammar, pieces, tokens
from rag.chat.slots import names_shown, put_in
from rag.language import detect_language, script_of
from rag.records import Passage

_EDGES = regex.compile(r"^[\s\p{P}]+|[\s\p{P}]+$")
_CLAUSE = regex.compile(
    r"[,;:，；、。—]|\b(?:and|or|but|if|und|oder|wenn|et|ou|si|y|o|и|или|если|e|se)\b|并|而且|以及|然后|そして"
)
_QUOTED = regex.compile(r"《[^》]+》|“[^”]+”|„[^“]+“|«[^»]+»|「[^」]+」|\"[^\"]+\"")
_LONGEST_PART = 24  # characters of a new part; more is a sentence of its own
_FEW_WORDS = 2  # a question of no more words that name something may lean on the one before
_FEW_HAN = 4  # characters, likewise
_LONG_ENOUGH = 4  # words from which a question's own language is believed
_FULL_WIDTH = frozenset(("zh", "ja"))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question beside the turn before, in one language."""

    core: str  # without punctuation at its ends
    end: str  # the punctuation that it ended in
    language: str
    before: Turn
    shown: tuple[Passage, ...]
    answered: Turn | None  # the last turn that quoted something

    @property
    def cues(self) -> Cues:
        return cues_of(self.language)


def read_follow_up(conversation: Conversation, question: str) -> Reading:
    """Return the likeliest reading of `question` after the turns of `conversation`."""
    return readings(conversation, question)[0]


def readings(conversation: Conversation, question: str) -> tuple[Reading, ...]:
    """Return the readings of `question`, the likeliest first; more than one where only a search can tell."""
    before = conversation.last
    core = _EDGES.sub("", question)
    if before is None or not core:
        return (Reading(question),)
    asked = _Asked(
        core=core,
        end=question.rstrip()[len(question.rstrip()) - _end_length(question.rstrip()) :],
        language=_language(before.reading.text, core),
        before=before,
        shown=conversation.passages,
        answered=conversation.answered,
    )
    found = _read(asked)
    if not found:
        return (Reading(question),)
    if compiled(asked.cues.more).search(core.casefold()):
        found = tuple(Reading(one.text, one.kind, elsewhere=True) for one in found)
    return tuple(Reading(question) if one.text == core else one for one in found)


def _end_length(question: str) -> int:
    match = regex.search(r"[\s\p{P}]+$", question)
    return len(match[0]) if match else 0


def _language(before: str, core: str) -> str:
    """Return the language to read `core` in: that of the question before, unless its own is plain."""
    own, earlier = detect_language(core), detect_language(before)
    same_script = _script(core) == _script(before)
    if own in UNSPACED or own == "ko":  # which the script decides, though a Latin name may come first
        return own
    if same_script and earlier in CUES and len(tokens(core)) < _LONG_ENOUGH:
        return earlier
    return own if own in CUES else (earlier if same_script else "en" if core.isascii() else own)


def _script(text: str) -> str:
    return next((script for character in text if (script := script_of(character))), "")


def _read(asked: _Asked) -> tuple[Reading, ...]:
    folded, cues = asked.core.casefold(), asked.cues
    if compiled(cues.said).fullmatch(folded):
        return (_who_said(asked),)
    new, framed = _unframed(asked)
    asks = compiled(cues.asking).search(new.casefold()) is not None
    named = pieces(new, asked.language)
    if not asks and _is_part(asked, new, named, framed=framed):
        return (_replaced(asked, new),)
    pointing = _pointing(asked, new)
    if pointing is not None:
        return (_resolved(asked, new, pointing),)
    return _joined(asked, new, named, framed=framed)


def _who_said(asked: _Asked) -> Reading:
    turn = asked.answered
    if turn is not None and turn.cited is not None and turn.cited.passage.source.speaker:
        return Reading(turn.reading.text, "speaker")
    return _with_question_before(asked)


def _unframed(asked: _Asked) -> tuple[str, bool]:
    """Return the question without the words that open and close a follow-up, and whether there were any."""
    core = asked.core
    opening = compiled(asked.cues.opening).match(core.casefold())
    new = _EDGES.sub("", core[opening.end() :]) if opening and len(core.casefold()) == len(core) else core
    closing = compiled(rf"(?:{asked.cues.closing})$").search(new.casefold())
    if closing is not None:
        new = _EDGES.sub("", new[: closing.start()])
    return new or core, new != core


# --- a new part of the question before ---


def _is_part(asked: _Asked, new: str, named: Sequence[Piece], *, framed: bool) -> bool:
    if len(new) > _LONGEST_PART * 2 or not (named or asked.language == "th") or _points(asked, new):
        return False
    if framed:
        return len(new) <= _LONGEST_PART or len(tokens(new)) <= _LONG_ENOUGH
    return _is_bare_part(asked, new, named)


def _is_bare_part(asked: _Asked, new: str, named: Sequence[Piece]) -> bool:
    """Whether a lone name or number with a question mark ("三门？", "in 2021?") is a part and no search."""
    if len(named) != 1 or "?" not in asked.end + "?" * ("？" in asked.end) + "?" * ("؟" in asked.end):
        return False
    if any(character.isdecimal() for character in named[0].text):
        return len(tokens(new)) <= 3
    if named[0].text != new:
        return False
    return any(new in field for field in names_shown(asked.shown))


def _replaced(asked: _Asked, new: str) -> Reading:
    before = asked.before.reading.text
    text = put_in(before, new, asked.language, asked.shown)
    if not text:
        return Reading(_joined_text(new, before, asked.language), "joined")
    return Reading(text, "replaced")


# --- words that point back ---


def _points(asked: _Asked, new: str) -> bool:
    return any(
        compiled(cue).search(new.casefold())
        for cue in (asked.cues.people, asked.cues.things, asked.cues.places)
    )


def _pointing(asked: _Asked, new: str) -> tuple[int, int, str] | None:
    """Return where the word stands that points out of the question, and at what."""
    folded = new.casefold()
    if len(folded) != len(new):
        return None
    found = [
        (match.start(), match.end(), kind)
        for kind, cue in (
            ("person", asked.cues.people),
            ("thing", asked.cues.things),
            ("place", asked.cues.places),
        )
        if (match := compiled(cue).search(folded))
    ]
    if asked.cues.owners:
        owners = "|".join(asked.cues.owners)
        found += [(m.start(), m.end(), "owner") for m in compiled(rf"\b(?:{owners})\b").finditer(folded)][:1]
    found.sort()
    return found[0] if found and not _points_inside(asked, new[: found[0][0]], found[0][2]) else None


def _points_inside(asked: _Asked, ahead: str, kind: str) -> bool:
    """Whether something named before the word, in the same question, is what it points at."""
    named = pieces(ahead, asked.language)
    if not named or kind == "owner":
        return bool(named)
    if _CLAUSE.search(ahead[named[0].end :].casefold()):
        return True
    asking, articles = compiled(asked.cues.asking), compiled(asked.cues.articles)
    if asked.language in UNSPACED:
        return not asking.search(ahead)
    words = tokens(ahead)
    for piece in named:
        run = _grammar_before(words, piece, asked.language)
        bare = asking.search(run) and not articles.search(run)
        capital = asked.language != "de" and any(word.text[:1].isupper() for word in tokens(piece.text))
        if capital or not (bare or kind == "place"):
            return True
    return False


def _grammar_before(words: Sequence[Piece], piece: Piece, language: str) -> str:
    run: list[str] = []
    for word in reversed([word for word in words if word.end <= piece.start]):
        if not is_grammar(word.text, language):
            break
        run.append(word.text.casefold())
    return " ".join(reversed(run))


def _resolved(asked: _Asked, new: str, pointing: tuple[int, int, str]) -> Reading:
    start, end, kind = pointing
    name = _person(asked) if kind == "person" else _owner(asked) if kind == "owner" else topic(asked)
    if not name:
        return _with_question_before(asked, new)
    word = new[start:end].casefold()
    if asked.language in UNSPACED and _is_determiner(new, start, end):
        return Reading(_joined_text(name, new + asked.end, asked.language), "resolved")
    if kind == "owner":
        name += asked.cues.owners[word]
    space = " " if word.startswith("-") else ""  # parle-t-elle
    return Reading(f"{new[:start]}{space}{name}{new[end:]}{asked.end}", "resolved")


def _is_determiner(new: str, start: int, end: int) -> bool:
    """Whether the word stands before a noun of its own: 这批海图, その話."""
    return new[start] in "这這那该該そこ" and new[start:end] not in (
        "那里", "那裡", "那儿", "那兒", "那边", "那邊", "这里", "這裡", "这儿", "這兒", "这边", "這邊",
        "这", "這", "那", "それ", "そこ", "ここ", "これ",
    )  # fmt: skip


def _person(asked: _Asked) -> str:
    """Return whom "she" means: a speaker named in the question before, a name in its answer, or who spoke."""
    before = asked.before
    speakers = dict.fromkeys(passage.source.speaker for passage in asked.shown if passage.source.speaker)
    named = [name for name in speakers if "".join(name.split()) in "".join(before.reading.text.split())]
    if named:
        return named[0]
    capital = _capitalised(before.reading.text, asked.language)
    if capital:
        return capital
    if before.cited is None or compiled(_who(asked)).search(before.reading.text.casefold()):
        return _named_in_quote(asked)
    return before.cited.passage.source.speaker or topic(asked)


def _who(asked: _Asked) -> str:
    return r"谁|誰|哪位|\bwho\b|\bwer\b|\bqui\b|\bquién\b|\bchi\b|\bquem\b|\bкто\b|누구|누가|\bمن\b"


def _owner(asked: _Asked) -> str:
    return _capitalised(asked.before.reading.text, asked.language) or topic(asked)


def _capitalised(text: str, language: str) -> str:
    """Return the first run of capitalised words within a question, two at least; most likely a name."""
    if language == "de":
        return ""
    found = regex.search(r"(?<=\w\W+)\p{Lu}[\p{L}’'.-]+(?: \p{Lu}[\p{L}’'.-]+)+", text)
    return found[0] if found else ""


def _named_in_quote(asked: _Asked) -> str:
    """Return a capitalised name in the sentence that was quoted and not in the question before."""
    cited = asked.before.cited
    if cited is None:
        return ""
    quote = " ".join(cited.passage.text[start:end] for start, end in cited.highlights)
    for found in regex.finditer(r"(?<=[\p{Ll},«“\"] )\p{Lu}\p{Ll}+(?: \p{Lu}\p{Ll}+)+", quote):
        if found[0] not in asked.before.reading.text:
            return str(found[0])
    return ""


def topic(asked: _Asked) -> str:
    """Return what the question before is about: what headings name, else what the passages do."""
    text, cited = asked.before.reading.text, asked.before.cited
    quoted = _QUOTED.search(text)
    if quoted is not None:
        return str(quoted[0])
    parts = [part.text for part in pieces(text, asked.language)]
    if not parts:
        return ""
    own = names_shown([cited.passage], people=False) if cited is not None else ()
    if asked.language in UNSPACED:
        return _unspaced_topic(parts, (own, names_shown(asked.shown)), [one.text for one in asked.shown])
    if asked.language == "de":  # where what is named has a capital
        parts = [" ".join(word for word in part.split() if word[:1].isupper()) for part in parts]
    texts = [*own, cited.passage.text] if cited is not None else []
    named = [_words_inside(part, [one.casefold() for one in texts]) for part in parts]
    if any(named):
        return max(named, key=lambda part: (part[:1].isupper(), len(part.split())))
    if asked.language == "ko":
        return parts[0]
    return max(parts, key=lambda part: (part[:1].isupper(), len(part)))


def _unspaced_topic(parts: Sequence[str], names: Sequence[Sequence[str]], texts: Sequence[str]) -> str:
    """Return the longest beginning of a part that headings name, or else that two passages hold."""
    for fields in names:
        named = [_beginning(part, fields, times=1) for part in parts]
        if any(named):
            return max(named, key=len)
    shared = [_beginning(part, texts, times=2) for part in parts]
    return max(shared, key=len) or parts[0]


def _beginning(part: str, texts: Sequence[str], *, times: int) -> str:
    for length in range(len(part), 1, -1):
        if sum(part[:length] in text for text in texts) >= times:
            return part[:length]
    return ""


def _words_inside(part: str, texts: Sequence[str]) -> str:
    """Return the longest run of words of `part` that one of `texts` holds."""
    words = tokens(part)
    for length in range(len(words), 0, -1):
        for first in range(len(words) - length + 1):
            stretch = part[words[first].start : words[first + length - 1].end]
            pattern = regex.compile(rf"\b{regex.escape(stretch.casefold())}\b")
            if any(pattern.search(text) for text in texts):
                return stretch
    return ""


# --- questions that name hardly anything ---


def _joined(asked: _Asked, new: str, named: Sequence[Piece], *, framed: bool) -> tuple[Reading, ...]:
    words = _own_words(asked, new, named)
    if words == 0:
        return (_with_question_before(asked, new),)
    few = _FEW_HAN if asked.language in UNSPACED else _FEW_WORDS
    if words > few or _names_something(asked, named):
        return ()
    about = topic(asked)
    if not about or about.casefold() in new.casefold():
        return ()
    joined = Reading(_joined_text(about, new + asked.end, asked.language), "joined")
    return (joined,) if framed else (Reading(asked.core), joined)


def _own_words(asked: _Asked, new: str, named: Sequence[Piece]) -> int:
    """Return how much a question names: characters where no spaces are written, words elsewhere."""
    if asked.language == "th":
        return 0 if compiled(asked.cues.asking).fullmatch(new) else len(new)
    if asked.language in UNSPACED:
        return sum(len(piece.text) for piece in named)
    return sum(len(tokens(piece.text)) for piece in named)


def _names_something(asked: _Asked, named: Sequence[Piece]) -> bool:
    """Whether a piece is a name of its own: with a digit, a capital, or known from headings."""
    fields = names_shown(asked.shown)
    return any(
        any(character.isdecimal() for character in piece.text)
        or (asked.language != "de" and piece.start > 0 and piece.text[:1].isupper())
        or any(piece.text in field for field in fields if len(piece.text) > 1)
        for piece in named
    )


def _with_question_before(asked: _Asked, new: str = "") -> Reading:
    before = asked.before.reading.text
    gap = "" if asked.language in _FULL_WIDTH else " "
    return Reading(f"{before}{gap}{new or asked.core}{asked.end}", "joined")


def _joined_text(about: str, question: str, language: str) -> str:
    return f"{about}：{question}" if language in _FULL_WIDTH else f"{about}: {question}"
