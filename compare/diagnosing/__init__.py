"""What twins do, place by place; `compare.diagnosis` makes an explanation of it."""
