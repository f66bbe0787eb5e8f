"""Whether the files that documents came from are still as they were read."""

from __future__ import annotations

import os

from rag import Library


def test_a_file_is_as_it_was_changed_or_gone(tmp_path):
    kept, changed, gone = (tmp_path / name for name in ("kept.txt", "changed.txt", "gone.txt"))
    for path in (kept, changed, gone):
        path.write_text(f"The {path.stem} file says that the mill was sold in 1890.")
    with Library(tmp_path / "index") as library:
        library.add(kept, changed, gone)
        paths = [info.path for info in library.documents()]
        assert set(library.sources(paths).values()) == {"current"}
        changed.write_text("The mill was sold in 1891, not before.")
        os.utime(changed, ns=(1, 1))
        gone.unlink()
        states = library.sources([*paths, (tmp_path / "never.txt").as_posix(), "nul\0byte"])
        assert states[kept.as_posix()] == "current"
        assert states[changed.as_posix()] == "changed"
        assert states[gone.as_posix()] == "gone"
        assert states[(tmp_path / "never.txt").as_posix()] == states["nul\0byte"] == "gone"
        library.add(changed)
        assert library.sources(paths)[changed.as_posix()] == "current"
        assert library.sources([(tmp_path / "index" / "catalog.sqlite").as_posix()]) == {
            (tmp_path / "index" / "catalog.sqlite").as_posix(): "unknown"
        }
