"""The answer as the page shows it: the sentence that answers, with its source, and the passages as cards."""

from __future__ import annotations

import json
import math
from pathlib import PurePosixPath
from urllib.parse import quote

from rag.chat.conversation import quoted_hits
from rag.records import Answer, Channels, Hit, Passage, Source
from rag.web.chat_texts import chat_texts
from rag.web.html import Span, bdi, element, escape, lines_as_breaks, marked, merged_spans
from rag.web.room_texts import room_texts
from rag.web.texts import Texts, language_name, passages_counted, place_text

QUOTE_CHARACTERS = 300  # a quotation without a highlighted sentence is cut here
FULL_BAR = 6.0  # standard deviations above an ordinary passage that fill a bar; more stretches all bars alike
GAP = " … "


def answer_view(answer: Answer, texts: Texts, *, head: str = "", said: str = "") -> str:
    """Return one answer: `head` (markup; "": the question, unseen), the verdict, each hit as a card, by rank.

    `said` is markup that stands above the quotation, for an answer that nothing was searched for.
    """
    if not answer.hits:
        cards = element("p", escape(texts.nothing_found), class_="wj-none")
    else:
        cards = hit_list(answer, texts)
    unseen = element("h1", bdi(answer.question), class_="wj-question wj-unseen", dir="auto")
    return element(
        "section",
        head or unseen,
        _verdict(answer, said, texts),
        cards,
        class_="wj-answer" if answer.answerable else "wj-answer wj-unanswered",
        data_question=answer.question,
        tabindex="-1",
    )


def hit_list(answer: Answer, texts: Texts) -> str:
    """Return every hit as a card, in rank order."""
    scale = _bar_scale(answer.hits)
    cards = (hit_card(hit, answer.question, scale, texts) for hit in answer.hits)
    return element("ol", *cards, class_="wj-hits")


def _verdict(answer: Answer, said: str, texts: Texts) -> str:
    if not answer.answerable or not answer.hits:
        nearest = element("p", escape(texts.nearest), class_="wj-nearest") if answer.hits else ""
        return element(
            "div",
            element("p", escape(texts.nothing_answers), class_="wj-refusal"),
            nearest,
            _agreed(answer.question, texts),
            class_="wj-verdict",
        )
    cited = quoted_hits(answer)
    quotes = (quotation_view(hit, answer.question, texts) for hit in cited)
    sources = (_source_line(hit, answer.question, texts) for hit in cited)
    return element(
        "div",
        said,
        *quotes,
        element("ol", *sources, class_="wj-sources"),
        "" if said else _figures(answer, texts),
        class_="wj-verdict",
    )


def quotation_view(hit: Hit, question: str, texts: Texts) -> str:
    """Return the sentences of a hit that answer, as a quotation that ends in the number of its source."""
    return element(
        "blockquote",
        lines_as_breaks(escape(quoted_sentence(hit))),
        citation(hit, question, texts),
        class_="wj-quote",
        lang=hit.passage.language,
        dir="auto",
    )


def citation(hit: Hit, question: str, texts: Texts) -> str:
    """Return the number of a hit as a link that opens the document at its passage."""
    label = chat_texts(texts).open_source.format(number=hit.rank)
    return _opening_link(hit, question, str(hit.rank), class_="wj-cite", aria_label=label)


def _source_line(hit: Hit, question: str, texts: Texts) -> str:
    return element(
        "li",
        attribution(hit.passage.source, texts),
        open_link(hit, question, texts),
        class_="wj-attribution",
        value=hit.rank,
    )


def _agreed(question: str, texts: Texts) -> str:
    said = escape(room_texts(texts).judge_none)
    return element(
        "button",
        said,
        type="button",
        class_="wj-quiet wj-agreed",
        data_act="judge",
        data_right=1,
        data_question=question,
        aria_pressed="false",
    )


def _figures(answer: Answer, texts: Texts) -> str:
    sure = texts.sure.format(percent=_percent(answer.confidence))
    took = texts.took.format(ms=max(1, round(answer.took_ms)))
    parts = (sure, passages_counted(len(answer.hits), texts), took)
    return element("p", *(element("span", escape(part)) for part in parts), class_="wj-figures")


def quoted_sentence(hit: Hit) -> str:
    """Return the sentences of a hit that answer, or the beginning of its passage where none is marked."""
    text = hit.passage.text
    spans = merged_spans(hit.highlights, len(text))
    if spans:
        return GAP.join(text[start:end].strip() for start, end in spans)
    return text if len(text) <= QUOTE_CHARACTERS else text[:QUOTE_CHARACTERS].rstrip() + " …"


def hit_card(hit: Hit, question: str, scale: float, texts: Texts) -> str:
    """Return one hit as a list item; `scale` is the channel value that fills a bar."""
    passage = hit.passage
    return element(
        "li",
        element("span", str(hit.rank), class_="wj-rank", aria_label=texts.rank.format(rank=hit.rank)),
        element(
            "div",
            _card_head(passage.source),
            element(
                "p",
                lines_as_breaks(marked(passage.text, hit.highlights)),
                class_="wj-text",
                lang=passage.language,
                dir="auto",
            ),
            _card_foot(hit, question, scale, texts),
            class_="wj-card",
        ),
        class_="wj-hit",
        data_document=document_key(passage.source),
        data_passage=passage.id,
    )


def _card_head(source: Source) -> str:
    heading = source.section or source.title or file_name(source)
    return element(
        "header",
        element("h2", bdi(heading), class_="wj-section", dir="auto"),
        byline(source),
        class_="wj-card-head",
    )


def _card_foot(hit: Hit, question: str, scale: float, texts: Texts) -> str:
    return element(
        "footer",
        whereabouts(hit.passage, texts),
        channel_bars(hit.channels, scale, texts),
        element(
            "div",
            judge_buttons(hit, question, texts),
            copy_button(hit, texts),
            open_link(hit, question, texts),
            class_="wj-actions",
        ),
        class_="wj-card-foot",
    )


def byline(source: Source) -> str:
    """Return whose words the passage is, as "role name"; empty where the page names nobody."""
    if not source.speaker:
        return ""
    role = bdi(source.role, class_="wj-role") if source.role else ""
    return element("p", role, bdi(source.speaker, class_="wj-speaker"), class_="wj-byline")


def attribution(source: Source, texts: Texts) -> str:
    """Return the source in one line: who, section, title, file, page, paragraph, as far as they are known."""
    parts = (
        " ".join(part for part in (source.role, source.speaker) if part),
        source.section,
        source.title,
        file_name(source),
    )
    shown = [bdi(part) for part in dict.fromkeys(parts) if part]
    return element("span", *shown, *_places(source, texts), class_="wj-source")


def whereabouts(passage: Passage, texts: Texts) -> str:
    """Return where a passage stands: document title, file, page, paragraph and language."""
    source = passage.source
    title = [bdi(source.title, class_="wj-title")] if source.title and source.section else []
    parts = (
        *title,
        bdi(file_name(source), class_="wj-file", title=source.document),
        *_places(source, texts),
        element("span", escape(language_name(passage.language, texts))),
    )
    return element("p", *parts, class_="wj-where")


def _places(source: Source, texts: Texts) -> list[str]:
    parts = (place_text(source.place, source.page, texts), texts.paragraph.format(number=source.paragraph))
    return [element("span", escape(part)) for part in parts if part]


def channel_bars(channels: Channels, scale: float, texts: Texts) -> str:
    """Return why a passage was chosen, in bars: meaning, words, late interaction, the cross-encoder's part.

    `scale` is how many standard deviations above an ordinary passage fill a bar; the words' bar is full
    when the passage holds all of the question's words.
    """
    rows = [
        _bar(texts.meaning, channels.meaning / scale, texts.strength.format(value=f"{channels.meaning:.1f}")),
        _bar(texts.words, channels.words, texts.words_held.format(percent=_percent(channels.words))),
        _bar(
            texts.interaction,
            channels.interaction / scale,
            texts.strength.format(value=f"{channels.interaction:.1f}"),
        ),
    ]
    if channels.reranker is not None:
        share = 1 / (1 + math.exp(-max(min(channels.reranker, 30.0), -30.0)))
        rows.append(_bar(texts.reranker, share, f"{_percent(share)}%"))
    return element("ul", *rows, class_="wj-why", aria_label=texts.why)


def _bar(name: str, share: float, meaning: str) -> str:
    return element(
        "li",
        element("span", escape(name), class_="wj-channel"),
        element("span", element("i", style=f"width:{_percent(share)}%"), class_="wj-bar"),
        element("span", escape(meaning), class_="wj-unseen"),
        title=f"{name}: {meaning}",
    )


def _bar_scale(hits: tuple[Hit, ...]) -> float:
    values = [value for hit in hits for value in (hit.channels.meaning, hit.channels.interaction)]
    return max(FULL_BAR, *values)


def _percent(share: float) -> int:
    return round(100 * min(1.0, max(0.0, share)))


def open_link(hit: Hit, question: str, texts: Texts) -> str:
    """Return the link that opens a hit's document at its passage; it works in a new tab too."""
    return _opening_link(hit, question, texts.open, class_="wj-open")


def _opening_link(hit: Hit, question: str, shown: str, *, class_: str, aria_label: str | None = None) -> str:
    passage = hit.passage
    return element(
        "a",
        escape(shown),
        class_=class_,
        href=deep_link(document_key(passage.source), passage.source.paragraph, question),
        data_act="open",
        data_document=document_key(passage.source),
        data_passage=passage.id,
        data_paragraph=passage.source.paragraph,
        data_spans=spans_value(hit.highlights),
        aria_label=aria_label,
    )


def judge_buttons(hit: Hit, question: str, texts: Texts) -> str:
    """Return the two buttons that say whether the marked sentence of a hit answers the question."""
    words, text = room_texts(texts), hit.passage.text
    spans = merged_spans(hit.highlights, len(text)) or [(0, min(len(text), QUOTE_CHARACTERS))]
    quote = max((text[start:end].strip() for start, end in spans), key=len)
    buttons = (
        element(
            "button",
            escape(said),
            type="button",
            class_="wj-quiet",
            data_act="judge",
            data_right=right,
            data_question=question,
            data_quote=quote,
            data_document=document_key(hit.passage.source),
            aria_pressed="false",
        )
        for said, right in ((words.judge_right, 1), (words.judge_wrong, 0))
    )
    return element("span", *buttons, class_="wj-judge")


def copy_button(hit: Hit, texts: Texts) -> str:
    """Return the button that puts the quotation with its source on the clipboard."""
    return element(
        "button",
        escape(texts.copy),
        type="button",
        class_="wj-quiet",
        data_act="copy",
        data_text=quotation(hit, texts),
        data_done=texts.copied,
    )


def quotation(hit: Hit, texts: Texts) -> str:
    """Return a hit as plain text that can be pasted: the sentence in quotation marks and its source."""
    source = hit.passage.source
    parts = (
        " ".join(part for part in (source.role, source.speaker) if part),
        source.section,
        source.title,
        file_name(source),
        place_text(source.place, source.page, texts),
        texts.paragraph.format(number=source.paragraph),
    )
    comma = "，" if texts.tongue == "zh" else ", "
    return f"“{quoted_sentence(hit)}”\n— {comma.join(part for part in dict.fromkeys(parts) if part)}"


def document_key(source: Source) -> str:
    """Return the key of the document that a source names."""
    return source.document if source.id is None else f"{source.document}#{source.id}"


def file_name(source: Source) -> str:
    """Return the file's own name, and the record's id in a file of many."""
    name = PurePosixPath(source.document).name
    return name if source.id is None else f"{name} #{source.id}"


def deep_link(key: str, paragraph: int | None = None, question: str = "") -> str:
    """Return the address, relative to the page, of a document opened at a paragraph beside its question."""
    asked = f"q={quote(question, safe='', errors='replace')}&" if question else ""
    place = "" if paragraph is None else f"#p{paragraph}"
    return f"?{asked}doc={quote(key, safe='/', errors='replace')}{place}"


def spans_value(spans: tuple[Span, ...]) -> str:
    """Return spans as the page carries them: JSON, a list of [start, end]."""
    return json.dumps([list(span) for span in spans])


def error_view(message: str) -> str:
    """Return one clear line about what went wrong."""
    return element("p", escape(message), class_="wj-error", role="alert")


def greeting_counts(parts: tuple[str, ...]) -> str:
    """Return a quiet line of facts, set apart by dots."""
    return element("p", *(element("span", escape(part)) for part in parts), class_="wj-facts")
