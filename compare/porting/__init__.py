"""A model of one framework written as source of the other, with weights and a proof."""
