"""A user's two models."""
