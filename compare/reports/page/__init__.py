"""Reports as one self-contained page of HTML: no script, no network, light and dark."""
