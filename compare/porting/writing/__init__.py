"""Source code, as one would have written it by hand, of models in either framework."""
