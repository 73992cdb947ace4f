"""How one array holds the numbers of another: in another order, or changed alike.

Nothing here knows kinds of layers; arrays alone tell. This package loads no framework;
its modules import each other and `compare.judging`.
"""
