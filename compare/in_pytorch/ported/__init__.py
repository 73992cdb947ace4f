"""What PyTorch has no layer for, as ports need it: each file is copied into a port.

A file holds a class or a few functions, and imports torch and other files of this
package alone.
"""
