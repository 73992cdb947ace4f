"""Why twins differ, operation by operation: what is made of the same values."""
