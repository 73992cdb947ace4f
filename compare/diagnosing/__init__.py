"""Why twins differ; `diagnosis` makes an explanation of what twins do."""
