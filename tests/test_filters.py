"""Filters: what meets them, and that a narrowed search is a search over the rest."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from library import EN, ZH, new_catalog, new_document
from tiny_encoder import TinyEncoder

from rag.candidates import score
from rag.errors import UsageError
from rag.filters import check, meets_document, meets_source, needs_source
from rag.records import Filters, Source
from rag.search import Wanted, search, understand
from rag.settings import Settings
from rag.snapshot import Snapshot
from rag.store import lexical, vectors
from rag.store.lock import writer_lock
from rag.store.publish import publish
from rag.store.rows import document_hash

QUESTION = "which reservoirs and piers are closed? 水库和堤坝"
SPEAKERS = ("", "陈 曦", "Ada Fenn")
SECTIONS = ("", "Harbour", "Harbour › North pier", "Harbour › South pier › Crane")


def document_of(number):
    """One of many small documents, its properties all different functions of its number."""
    language, sentence = (("en", EN), ("zh", ZH))[number % 2]
    ending, folder = ("txt", "md")[number // 2 % 2], f"/papers/{number % 5}"
    made = new_document(
        f"{folder}/{number}.{ending}",
        [sentence.format(f"{number}-{part}") for part in range(3)],
        language=language,
    )
    dates = ("", "2020", "2021-03", f"2021-03-{1 + number % 28:02}")
    read = replace(made.read, date=dates[number % 4])
    passages = tuple(
        replace(
            passage,
            source=replace(
                passage.source,
                speaker=SPEAKERS[(number + part) % 3],
                section=SECTIONS[(number + part) % 4],
            ),
        )
        for part, passage in enumerate(made.passages)
    )
    return replace(made, read=read, passages=passages, hash=document_hash(read))


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filters")
    with writer_lock(folder), closing(new_catalog(folder)) as catalog:
        for number in range(60):
            catalog.replace(document_of(number))
        publish(catalog)
    with Snapshot(folder) as snapshot:
        yield snapshot


FILTERS = [
    Filters(folder="/papers/3"),
    Filters(document="/papers/2/7.md"),
    Filters(format=".MD"),
    Filters(language="zh"),
    Filters(since="2021"),
    Filters(until="2020"),
    Filters(since="2021-03-10", until="2021-03-12"),
    Filters(speaker="陈曦"),
    Filters(speaker="ada fenn", language="en"),
    Filters(section="north PIER"),
    Filters(section="Harbour", folder="/papers", since="2020", format="txt"),
    Filters(document="/papers/absent"),
    Filters(),
]


def expected_ids(snapshot, filters):
    """Brute force over all that the library says of its passages."""
    found = {}
    for info in snapshot.documents():
        for passage in snapshot.passages_of(info.key):
            source = passage.source
            first = (info.date + "-01-01"[len(info.date) - 4 :]) if info.date else None
            last = (info.date + "-12-31"[len(info.date) - 4 :]) if info.date else None
            conditions = [
                not filters.folder or info.path.startswith(filters.folder + "/"),
                not filters.document or info.path == filters.document,
                not filters.format or info.path.endswith(filters.format.lower().lstrip(".")),
                not filters.language or passage.language == filters.language,
                not filters.since or (last is not None and last >= filters.since),
                not filters.until or (first is not None and first <= filters.until + "-99"),
                not filters.speaker
                or source.speaker.replace(" ", "").lower() == filters.speaker.replace(" ", "").lower(),
                not filters.section
                or filters.section.lower() in [part.lower() for part in source.section.split(" › ")],
            ]
            if all(conditions):
                found.setdefault(passage.language, []).append(passage.id)
    return {language: sorted(ids) for language, ids in found.items()}


@pytest.mark.parametrize("filters", FILTERS)
def test_what_meets_the_filters(snapshot, filters):
    found = {k: v.tolist() for k, v in snapshot.matching(filters).items() if v.size}
    assert found == expected_ids(snapshot, filters)
    assert snapshot.matching(filters) is snapshot.matching(filters)


@pytest.mark.parametrize("few", [0, 2000])
@pytest.mark.parametrize("filters", FILTERS)
def test_a_narrowed_search_is_the_whole_ranking_less_what_does_not_meet_it(
    snapshot, filters, few, monkeypatch
):
    monkeypatch.setattr(lexical, "_ASKED_BY_ID", few)
    monkeypatch.setattr(vectors, "_SCORED_ALL", few)
    encoder, everything = TinyEncoder(), Settings(candidates=10_000)
    asked = understand(snapshot, encoder, QUESTION, settings=everything)
    whole = score(snapshot, asked, settings=everything)
    met = np.concatenate([np.empty(0, np.int64), *snapshot.matching(filters).values()])
    keep = np.isin(whole.ids, met)
    order = np.lexsort((whole.ids[keep], -whole.total[keep].astype(np.float64)))[:7]
    answer = search(snapshot, encoder, QUESTION, wanted=Wanted(7, filters), settings=everything)
    assert [hit.passage.id for hit in answer.hits] == whole.ids[keep][order].tolist()
    assert np.allclose([hit.score for hit in answer.hits], whole.total[keep][order], atol=1e-4)


@pytest.mark.parametrize("few", [0, 2000])
@pytest.mark.parametrize("limit", [1, 5, 40])
def test_candidates_within_are_the_best_of_those(snapshot, limit, few, monkeypatch):
    monkeypatch.setattr(lexical, "_ASKED_BY_ID", few)
    monkeypatch.setattr(vectors, "_SCORED_ALL", few)
    asked = understand(snapshot, TinyEncoder(), QUESTION, settings=Settings())
    chance = np.random.default_rng(limit)
    for language in snapshot.languages:
        every = snapshot.background(language, size=10_000)
        for share in (0.0, 0.02, 0.3, 1.0):
            within = np.sort(chance.choice(every, int(share * every.size), replace=False))
            for find, value in (
                (snapshot.vector_search, asked.vector),
                (snapshot.lexical_search, asked.terms),
            ):
                all_ids, all_scores = find(value, limit=10_000, language=language)
                ids, scores = find(value, limit=limit, language=language, within=within)
                kept = np.isin(all_ids, within)
                assert ids.tolist() == all_ids[kept][:limit].tolist()
                assert np.allclose(scores, all_scores[kept][:limit], rtol=1e-5)


def test_nothing_that_meets_the_filters_is_an_empty_answer(snapshot):
    wanted = Wanted(5, Filters(speaker="nobody"))
    answer = search(snapshot, TinyEncoder(), QUESTION, wanted=wanted, settings=Settings())
    assert (answer.hits, answer.answerable, answer.confidence) == ((), False, 0.0)


@pytest.mark.parametrize("wrong", ["2021-13", "21", "2021-02-30", "yesterday", "2021-3", "2021-03-01T00:00"])
def test_a_date_that_is_none_is_refused(wrong):
    with pytest.raises(UsageError, match="2024-03-31"):
        check(Filters(since=wrong))
    with pytest.raises(UsageError, match="2024-03-31"):
        check(Filters(until=wrong))


def test_a_range_that_is_empty_is_refused():
    with pytest.raises(UsageError, match="exchange"):
        check(Filters(since="2022", until="2021-12-31"))
    check(Filters(since="2021-12", until="2021"))


def days_of(text):
    """Every day of a stated date, by the calendar."""
    year, month, day = (int(part) if part else None for part in (text + "--").split("-")[:3])
    every = (date(year, 1, 1) + timedelta(days=n) for n in range(366))
    return {d for d in every if d.year == year and month in (None, d.month) and day in (None, d.day)}


DATES = st.one_of(
    st.dates(date(2019, 1, 1), date(2022, 12, 31)).map(date.isoformat),
    st.dates(date(2019, 1, 1), date(2022, 12, 31)).map(lambda d: d.isoformat()[:7]),
    st.sampled_from(["2019", "2020", "2021"]),
)


@settings(deadline=None, max_examples=200)
@given(DATES, DATES, DATES)
def test_a_date_is_in_the_range_when_one_of_its_days_is(stated, since, until):
    assume(min(days_of(since)) <= max(days_of(until)))  # `check` refuses the rest
    inside = any(d >= min(days_of(since)) and d <= max(days_of(until)) for d in days_of(stated))
    filters = Filters(since=since, until=until)
    assert meets_document(filters, key="/a", path="/a", stated=stated) == inside


def test_records_of_one_file_and_paths_that_are_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = (tmp_path / "notes" / "corpus.jsonl").as_posix()
    for name in (path, f"{path}#7", "notes/corpus.jsonl"):
        assert meets_document(Filters(document=name), key=f"{path}#7", path=path, stated="")
    assert not meets_document(Filters(document=f"{path}#8"), key=f"{path}#7", path=path, stated="")
    for name in ("notes", str(tmp_path), f"{tmp_path}/notes/", "/"):
        assert meets_document(Filters(folder=name), key=path, path=path, stated="")
    assert not meets_document(Filters(folder="note"), key=path, path=path, stated="")


def test_sections_are_named_by_whole_headings():
    source = Source("/a", "", "Harbour › North pier", "陈 曦", "", None, 1, 0, 1)
    for section in ("harbour", "North Pier", "Harbour › North pier", "harbour›northpier"):
        assert meets_source(Filters(section=section), source)
    for section in ("pier", "North", "North pier › Harbour"):
        assert not meets_source(Filters(section=section), source)
    assert not needs_source(Filters(speaker="  ", folder="/x"))


def test_what_is_hidden_does_not_answer_but_to_its_owner(tmp_path):
    def shown(path: str, own: str) -> bool:
        filters = Filters(hidden=str(tmp_path / "uploads"), own=own and str(tmp_path / "uploads" / own))
        where = f"{tmp_path.resolve().as_posix()}/{path}"
        return meets_document(filters, key=where, path=where, stated="")

    assert shown("documents/a.txt", "")
    assert not shown("uploads/ada/a.txt", "")
    assert shown("uploads/ada/a.txt", "ada")
    assert not shown("uploads/ada/a.txt", "ad")
    assert not shown("uploads/bo/a.txt", "ada")
    assert shown("uploads-of-old/a.txt", "ada")
