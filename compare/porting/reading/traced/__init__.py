"""A recorded PyTorch module turned into a plan in Keras's words, step by step."""
