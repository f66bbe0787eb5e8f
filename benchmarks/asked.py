"""The command line in a process of its own, which reports on stderr what it cost: memory and modules."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

HEAVY = ("torch", "transformers", "sentence_transformers", "gradio", "scipy", "sklearn", "pandas")


def peak_memory_mb() -> float:
    """Return the most memory that this process has held, in MB, what it maps from files included.

    On Linux from VmHWM: `ru_maxrss` there begins with the size of the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1024**2


def main() -> int:
    """Run `rag` with the arguments of this process; the report is the last line of stderr."""
    from rag.cli import main as command

    code = command(sys.argv[1:])
    heavy = [name for name in HEAVY if name in sys.modules]
    print(json.dumps({"peak_mb": peak_memory_mb(), "heavy": heavy}), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
