"""Any history of adding, changing, moving and removing leaves the library that a dict says it should be."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from library import index
from tiny_encoder import TinyEncoder

from rag.doctor import doctor
from rag.ingest import encoded_text, remove_paths
from rag.settings import Settings
from rag.snapshot import Snapshot

SENTENCES = (
    "The harbour office closes the north pier on Monday.",
    "Dogs need a ticket of two crowns on the ferry.",
    "县里召开了防汛工作会议，检查水库和堤坝。",
    "磨坊在星期六上午出售新磨的面粉。",
)
NAMES = st.sampled_from([f"{folder}{number}.txt" for folder in ("", "sub/") for number in range(5)])
TEXTS = st.lists(st.tuples(st.sampled_from(SENTENCES), st.integers(0, 50)), min_size=1, max_size=3)


class History(RuleBasedStateMachine):
    """`files` is what is on the disk, `known` what the library must hold."""

    def __init__(self):
        super().__init__()
        self.place = Path(tempfile.mkdtemp()).resolve()
        self.source, self.folder = self.place / "source", self.place / "index"
        (self.source / "sub").mkdir(parents=True)
        self.encoder = TinyEncoder()
        self.known: dict[str, str] = {}

    def teardown(self):
        if self.known:
            findings = doctor(self.folder, encoder=TinyEncoder, settings=Settings())
            assert [finding for finding in findings if finding.severity != "ok"] == []
        shutil.rmtree(self.place)

    def files(self):
        return {path.as_posix(): path.read_text("utf-8") for path in self.source.rglob("*.txt")}

    @rule(name=NAMES, text=TEXTS)
    def write(self, name, text):
        body = "\n\n".join(f"{sentence} {number}" * 6 for sentence, number in text)
        (self.source / name).write_text(body, "utf-8")

    @rule(name=NAMES)
    def delete(self, name):
        (self.source / name).unlink(missing_ok=True)

    @rule(old=NAMES, new=NAMES)
    def rename(self, old, new):
        if (self.source / old).exists():
            (self.source / old).replace(self.source / new)

    @precondition(lambda self: self.files())
    @rule()
    def bring_up_to_date(self):
        files = self.files()
        report = index(self.source, self.folder, self.encoder)
        moved = report.moved
        before = dict(self.known)
        gone = sorted(set(before) - set(files))
        homes = [home for home in gone if home not in report.vanished]  # moved away from
        assert len(homes) == moved
        self.known = {path: before[path] for path in report.vanished} | files
        assert report.added == len(set(files) - set(before)) - moved
        assert report.updated == sum(before.get(path, text) != text for path, text in files.items())
        assert report.unchanged == sum(before.get(path) == text for path, text in files.items())

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def remove(self, data):
        key = data.draw(st.sampled_from(sorted(self.known)))
        assert remove_paths([key], folder=self.folder) == 1
        del self.known[key]

    @invariant()
    def the_library_is_what_it_should_be(self):
        if not self.folder.exists():
            return
        with Snapshot(self.folder) as snapshot:
            assert snapshot.damage == []
            assert {info.key: snapshot.document(info.key).text for info in snapshot.documents()} == self.known
            passages = [passage for key in sorted(self.known) for passage in snapshot.passages_of(key)]
            assert all(passage.source.document in self.known for passage in passages)
            for passage in passages:
                cut = self.known[passage.source.document][passage.source.start : passage.source.end]
                assert "".join(cut.split()) == "".join(passage.text.split())  # line breaks are repaired
            self.ranks_are_those_of_brute_force(snapshot, passages)

    def ranks_are_those_of_brute_force(self, snapshot, passages):
        question = self.encoder.encode_question(SENTENCES[0]).vectors[0]
        for language in {passage.language for passage in passages} | set(snapshot.languages):
            own = sorted((p for p in passages if p.language == language), key=lambda passage: passage.id)
            assert snapshot.languages.get(language, 0) == len(own)
            ids = np.array([passage.id for passage in own], np.int64)
            found, cosines = snapshot.vector_search(question, limit=10, language=language)
            kept = snapshot.vectors(ids)
            exact = (kept.astype(np.float64) @ question.astype(np.float64)).astype(np.float32)
            order = np.lexsort((ids, -exact))[:10]
            assert (found.tolist(), cosines.tolist()) == (ids[order].tolist(), exact[order].tolist())
            fresh = self.encoder.encode_passages([encoded_text(passage)[0] for passage in own]).vectors
            assert np.allclose(kept, fresh, atol=2e-3)


TestHistory = History.TestCase
TestHistory.settings = settings(
    max_examples=50,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
