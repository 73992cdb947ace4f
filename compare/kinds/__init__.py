"""All that the suite knows about each kind of layer."""
