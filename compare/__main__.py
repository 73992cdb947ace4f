"""`python -m compare`; `twinproof` does the same (plugin/twinproof.py)."""

import sys

from compare.cli import main

sys.exit(main())
