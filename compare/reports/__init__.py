"""What a person reads: reports in a terminal, plots, and scripts."""
