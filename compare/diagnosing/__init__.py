"""Why twins differ: causes in layers and between them. Imports twins and lower."""
