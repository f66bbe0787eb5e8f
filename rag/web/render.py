"""`python -m rag.web.render PDF PAGE WIDTH`: one page of a PDF as PNG on stdout.

A process of its own: what a hostile file does to pdfium ends here, and the server goes on.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

MAX_PIXELS = 8_000_000  # a page as long as a banner is drawn smaller


def drawn(path: Path, page: int, width: int) -> bytes:
    """Return the PNG of page `page`, counted from 1, `width` pixels wide. Raises what pdfium raises."""
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    sheet = document[page - 1]
    across, along = sheet.get_size()
    scale = min(width / across, (MAX_PIXELS / (across * along)) ** 0.5)
    kept = io.BytesIO()
    sheet.render(scale=scale).to_pil().save(kept, "PNG")
    return kept.getvalue()


if __name__ == "__main__":
    sys.stdout.buffer.write(drawn(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
