"""Sessions of pytest with the plugin."""

from importlib.metadata import entry_points

MODULE = "twinproof_pytest"


INSTALLED = any(each.value == MODULE for each in entry_points(group="pytest11"))


LOAD = () if INSTALLED else ("-p", MODULE)  # twice is an error
