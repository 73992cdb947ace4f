"""Causes inside a layer."""
