"""Models as data, written as source of either framework."""
