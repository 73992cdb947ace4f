"""The losses by name: functions of `losses.py` in both folders of models."""

MEAN_SQUARED_ERROR = "mean_squared_error"
CROSS_ENTROPY = "cross_entropy"
# What Keras's users take where a model ends with a softmax; nobody asks for it by name.
CROSS_ENTROPY_OF_PROBABILITIES = "cross_entropy_of_probabilities"
NEGATIVE_SHARPE_RATIO = "negative_sharpe_ratio"
LOSSES = (MEAN_SQUARED_ERROR, CROSS_ENTROPY, NEGATIVE_SHARPE_RATIO)
