"""Which layer is which on the other side, and rewriting their arrays."""
