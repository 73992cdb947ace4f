"""Causes between layers."""
