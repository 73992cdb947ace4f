"""A saved model of Keras, of any version, read as data: nothing in a file is run.

It imports `twins.files` for what files hold and `kinds` for the form of what is read.
"""

from compare.porting.reading.reading import Saved, check_there, read

__all__ = ["Saved", "check_there", "read"]
