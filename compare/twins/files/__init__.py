"""Weights in files of either framework; nothing in them is run."""
