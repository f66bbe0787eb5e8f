"""The words about written answers, in Chinese and in English."""

from __future__ import annotations

from dataclasses import dataclass

from rag.web.texts import Texts, Tongue
from rag.written import Reason, Status, Verdict, Written


@dataclass(frozen=True, slots=True)
class WrittenTexts:
    """What the page says about an answer that a model writes; `{names}` are filled with `str.format`."""

    hero_note: str
    notice: str  # {address}, {model}
    title: str
    by: str  # {model}
    reading: str  # {model}
    waiting: str  # {model}
    going_on: str  # {model}
    unchecked: str
    unsupported: str  # {why}
    unsupported_unseen: str
    reasons: dict[Reason, str]  # {missing}, {numbers}
    checked: str  # {supported}, {total}
    checked_one: str
    limits: str
    outcomes: dict[Status, str]  # of every status but WRITTEN
    cut: str  # {problem}
    problem: str  # {problem}
    not_shown: str
    write: str
    again: str
    and_: str
    opening: str
    closing: str


_ZH = WrittenTexts(
    hero_note="用任何语言都可以问。先给出文档里的原句和确切的出处，再由模型据此撰写答案，逐句核对。",
    notice="问题、之前的问答和找到的段落会发送到 {address}，由模型 {model} 据此撰写答案。",
    title="撰写的答案",
    by="由 {model} 撰写，每句都与它注明的段落核对",
    reading="{model} 正在理解这个追问……",
    waiting="段落已发送，等待 {model} 作答……",
    going_on="{model} 正在撰写……",
    unchecked="尚未核对：",
    unsupported="（未得到支持：{why}）",
    unsupported_unseen="未得到支持的句子：",
    reasons={
        Reason.SUPPORTED: "",
        Reason.UNCITED: "没有注明段落",
        Reason.NOT_GIVEN: "注明的段落没有交给模型",
        Reason.INSTRUCTION: "要人去一个没有问到的地址",
        Reason.LANGUAGE: "与提问的语言不同",
        Reason.FACT: "所注段落 {numbers} 里没有{missing}",
        Reason.WEAK: "与所注段落 {numbers} 的说法不够接近",
    },
    checked="{total} 句中有 {supported} 句得到所注段落的支持。",
    checked_one="这一句得到所注段落的支持。",
    limits="核对的是数字、名称和说法是否相近：换了说法的对句也可能被标出，多一个“不”字却看不出来。请点编号读原文。",
    outcomes={
        Status.UNSUPPORTED: "撰写的答案没有一句得到所注段落的支持，因此不作为答案。下面是原文自己的句子。",
        Status.REFUSED: "模型认为这些段落没有回答这个问题。下面是原文自己的句子。",
        Status.UNANSWERABLE: "",
        Status.FAILED: "没有写成答案。下面是原文自己的句子。",
        Status.CANCELLED: "已停止撰写。",
    },
    cut="答案没有写完：{problem}",
    problem="原因：{problem}",
    not_shown="模型写的话（未得到支持）",
    write="据这些段落撰写答案",
    again="再写一次",
    and_="、",
    opening="“",
    closing="”",
)

_EN = WrittenTexts(
    hero_note="In any language. First sentences from your documents, with their exact source; then an answer "
    "that a model writes from them, checked sentence by sentence.",
    notice="Your question, what was asked and answered before it, and the passages found are sent to "
    "{address}, where the model {model} writes an answer from them.",
    title="Written answer",
    by="Written by {model}, each sentence checked against the passages it names",
    reading="{model} is reading the follow-up…",
    waiting="The passages have been sent; waiting for {model}…",
    going_on="{model} is writing…",
    unchecked="Not checked yet:",
    unsupported="(not supported: {why})",
    unsupported_unseen="A sentence that is not supported:",
    reasons={
        Reason.SUPPORTED: "",
        Reason.UNCITED: "it names no passage",
        Reason.NOT_GIVEN: "it names a passage that the model was not given",
        Reason.INSTRUCTION: "it sends you to an address that nobody asked for",
        Reason.LANGUAGE: "it is not in the language of the question",
        Reason.FACT: "not in what it names ({numbers}): {missing}",
        Reason.WEAK: "not near enough to what it names ({numbers})",
    },
    checked="{supported} of {total} sentences are supported by the passages they name.",
    checked_one="The sentence is supported by the passages it names.",
    limits="The check compares figures, names and wording: it may mark what is right in words of its own, "
    "and does not notice a “not” put in. Open the numbers and read.",
    outcomes={
        Status.UNSUPPORTED: "No sentence of what was written is supported by the passages it names, so it is "
        "no answer. Below are the documents’ own sentences.",
        Status.REFUSED: "The model finds no answer in these passages. "
        "Below are the documents’ own sentences.",
        Status.UNANSWERABLE: "",
        Status.FAILED: "No answer was written. Below are the documents’ own sentences.",
        Status.CANCELLED: "The writing was stopped.",
    },
    cut="The answer is cut short: {problem}",
    problem="The reason: {problem}",
    not_shown="What the model wrote (not supported)",
    write="Write an answer from these passages",
    again="Write it again",
    and_=", ",
    opening="“",
    closing="”",
)

WRITTEN: dict[Tongue, WrittenTexts] = {"zh": _ZH, "en": _EN}


def written_texts(texts: Texts) -> WrittenTexts:
    """Return the words about written answers in the language of `texts`."""
    return WRITTEN[texts.tongue]


def reason_text(verdict: Verdict, texts: Texts) -> str:
    """Return why a sentence is not supported, "" where it is."""
    words = written_texts(texts)
    missing = words.and_.join(f"{words.opening}{word}{words.closing}" for word in verdict.missing)
    numbers = words.and_.join(str(number) for number in verdict.dropped)
    return words.reasons[verdict.reason].format(missing=missing, numbers=numbers)


def outcome_text(written: Written, texts: Texts) -> str:
    """Return what became of a written answer: how many sentences hold, or what stands in for it, and why."""
    words = written_texts(texts)
    total = len(written.verdicts)
    supported = sum(verdict.supported for verdict in written.verdicts)
    if written.status is Status.WRITTEN:
        only = total == supported == 1
        said = words.checked_one if only else words.checked.format(supported=supported, total=total)
        why = words.cut
    else:
        said = words.outcomes[written.status]
        why = words.problem
    return _beside(said, why.format(problem=written.problem) if written.problem else "", texts)


def _beside(one: str, other: str, texts: Texts) -> str:
    return ("" if texts.tongue == "zh" else " ").join(part for part in (one, other) if part)
