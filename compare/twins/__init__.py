"""Both sides together: two models in two precisions."""
