"""`python -m compare`; `twinproof` does the same (plugin/twinproof.py)."""

import sys

from compare.process import main

sys.exit(main())
