"""Make docs/page.png, the picture in the README, from a real run.

    python docs/picture.py

Needs the extra page, and Chromium.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "page.png"
SIZE = "1400,1000"  # pixels; the page goes on below


def main() -> None:
    """Run the broken pair, and photograph its page."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("picture.py: expected chromium or google-chrome, got neither")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        run = [
            "twinproof",
            "run",
            "docs/broken_pair.py",
            "--quiet",
            "--html",
            str(page),
        ]
        subprocess.run(run, cwd=ROOT, check=False)  # it fails, since the pair is broken
        subprocess.run(
            [
                browser,
                "--headless",
                "--no-sandbox",
                "--hide-scrollbars",
                f"--window-size={SIZE}",
                f"--screenshot={PICTURE}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
        )


if __name__ == "__main__":
    main()
