"""Evaluation -> one HTML page of the worst misses, so that a person can see why.

Pure functions that return text: everything that came from a document, a question or a set is escaped, and
the page holds no script and loads nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from rag.judge.outcomes import Evaluation, Outcome, answers_question
from rag.records import Hit

STYLE = """
:root { color-scheme: light dark; --ink: #1d2530; --soft: #5b6675; --line: #d9dee5; --page: #f6f7f9;
  --card: #fff; --mark: #ffe58a; --good: #1f7a4d; --bad: #b3382c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --soft: #9aa5b4; --line: #333c49;
  --page: #14181e; --card: #1c222b; --mark: #6b5a12; --good: #5fc794; --bad: #f0897d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1rem 4rem; background: var(--page); color: var(--ink);
  font: 1rem/1.6 system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1.05rem; margin: 0 0 .25rem; } .soft { color: var(--soft); font-size: .875rem; margin: 0; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { text-align: left; padding: .2rem 1.25rem .2rem 0; }
td { font-variant-numeric: tabular-nums; } thead th { color: var(--soft); font-weight: 500; }
article { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.25rem;
  margin: 0 0 1rem; overflow-wrap: anywhere; }
.passage { border-inline-start: 3px solid var(--line); padding-inline-start: .9rem; margin: .8rem 0 0; }
.passage.right { border-color: var(--good); } .passage.wrong { border-color: var(--bad); }
.passage p { margin: .1rem 0 0; white-space: pre-wrap; } mark { background: var(--mark); color: inherit; }
""".strip()

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
LIMIT = 50  # questions a group


def miss_report(evaluation: Evaluation, *, limit: int = LIMIT) -> str:
    """Return the page: the figures, then at most `limit` questions of each way to fail, the worst first."""
    groups = (
        ("What answers did not come first", misses(evaluation.outcomes)),
        ("Answered although nothing answers", false_answers(evaluation.outcomes)),
        ("Refused although the answer came first", false_refusals(evaluation.outcomes)),
        ("Right passage, wrong sentence", wrong_sentences(evaluation.outcomes)),
    )
    body = [
        f"<h1>{escape(evaluation.dataset)}</h1>",
        f'<p class="soft">{evaluation.queries:,} questions, {evaluation.passages:,} passages</p>',
        figures_html(evaluation),
        *(group_html(title, group, limit=limit) for title, group in groups),
    ]
    return page_html(f"{evaluation.dataset}: worst misses", body)


def misses(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the answerable questions whose answer is not at rank 1: not found, then by rank, worst first.

    Of the same rank, the one that was answered with the most confidence comes first.
    """
    missed = [one for one in outcomes if one.judgement.answerable and one.rank != 1]
    return sorted(missed, key=lambda one: (one.rank is not None, -(one.rank or 0), -one.answer.confidence))


def false_answers(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the unanswerable questions that were answered, the most confident first."""
    wrong = [one for one in outcomes if not one.judgement.answerable and one.answer.answerable]
    return sorted(wrong, key=lambda one: -one.answer.confidence)


def false_refusals(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the questions whose answer came first and that were refused, the least confident first."""
    wrong = [one for one in outcomes if one.rank == 1 and not one.answer.answerable]
    return sorted(wrong, key=lambda one: one.answer.confidence)


def wrong_sentences(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the questions whose first passage answers and whose highlight does not, most confident first."""
    wrong = [one for one in outcomes if one.sentence is False]
    return sorted(wrong, key=lambda one: -one.answer.confidence)


def page_html(title: str, body: Iterable[str]) -> str:
    """Return a whole HTML document around parts that are HTML already."""
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>",
            *body,
            "</body></html>\n",
        ]
    )


def figures_html(evaluation: Evaluation) -> str:
    """Return the table of metrics, ×100, with their intervals."""
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{100 * value:.2f}</td>"
        f"<td>{100 * low:.2f} – {100 * high:.2f}</td></tr>"
        for name, value in evaluation.figures.metrics.items()
        for low, high in [evaluation.figures.interval95[name]]
    )
    return (
        "<table><thead><tr><th>metric</th><th>×100</th><th>95 % interval</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def group_html(title: str, outcomes: Sequence[Outcome], *, limit: int) -> str:
    """Return one group of questions under its heading; the heading counts all of them."""
    shown = outcomes[:limit]
    rest = f", the first {limit} shown" if len(outcomes) > limit else ""
    heading = f"<h2>{escape(title)} ({len(outcomes):,}{rest})</h2>"
    return "\n".join([heading, *(question_html(outcome) for outcome in shown)])


def question_html(outcome: Outcome) -> str:
    """Return the card of one question: what was wanted, and what came."""
    judgement, answer = outcome.judgement, outcome.answer
    rank = f"rank {outcome.rank}" if outcome.rank else "not found"
    state = rank if judgement.answerable else "nothing answers"
    parts = [
        f'<article><h3 dir="auto">{escape(judgement.question)}</h3>',
        f'<p class="soft">{escape(judgement.id)} · {state} · confidence {answer.confidence:.2f}</p>',
    ]
    if judgement.answers:
        wanted = " / ".join(escape(answer) for answer in judgement.answers)
        parts.append(f'<p class="soft" dir="auto">answer: {wanted}</p>')
    if judgement.gold and outcome.rank != 1:
        gold = marked(judgement.gold, spans_of(judgement.gold, judgement.answers))
        parts.append(passage_html("right", "what answers", gold))
    parts += [hit_html(outcome, hit) for hit in answer.hits]
    return "\n".join([*parts, "</article>"])


def hit_html(outcome: Outcome, hit: Hit) -> str:
    """Return one passage that was found, with its highlights and where it stands."""
    right = answers_question(outcome.judgement, hit.passage)
    source = hit.passage.source
    named = (source.id, source.title, source.section, source.speaker)
    where = " · ".join(escape(part) for part in named if part)
    label = f"{hit.rank}. score {hit.score:.3f} · {where}"
    return passage_html("right" if right else "wrong", label, marked(hit.passage.text, hit.highlights))


def passage_html(kind: str, label: str, text: str) -> str:
    """Return a passage under its label; label and text are HTML already."""
    return f'<div class="passage {kind}"><p class="soft" dir="auto">{label}</p><p dir="auto">{text}</p></div>'


def marked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return `text` escaped, with `<mark>` around each span; spans that overlap become one."""
    parts, done = [], 0
    for start, end in sorted(spans):
        start = max(start, done)
        if start < end:
            parts += [escape(text[done:start]), "<mark>", escape(text[start:end]), "</mark>"]
            done = end
    return "".join([*parts, escape(text[done:])])


def spans_of(text: str, answers: Iterable[str]) -> list[tuple[int, int]]:
    """Return where each answer first stands in the text, letter for letter."""
    found = ((text.find(answer), len(answer)) for answer in answers)
    return [(start, start + length) for start, length in found if start >= 0]
