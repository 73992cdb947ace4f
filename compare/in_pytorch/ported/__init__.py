"""What PyTorch has no layer for, as ports need it: each file is copied into a port.

A file holds a class or a few functions, and imports torch and other files of this
package alone.
"""

# A file that does all that another one does and more. It has the same names: a port
# that needs it anywhere has it in the place of the other one.
GENERAL = {
    "conv_lstm_layer": "conv_lstm_layer_general",
    "recurrent_layer": "recurrent_layer_general",
    "run_masked": "run_masked_general",
}
