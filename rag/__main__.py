"""`python -m rag`: the command."""

import sys

from rag.cli import main

sys.exit(main())
