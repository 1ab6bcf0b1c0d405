"""The clock service: instants, the soft-close arithmetic, the deadline heap and the one armed timer.

It refuses to know auctions, Redis and sockets: a lot is an opaque id, a deadline an integer, and what
happens when it is due is a function given in. Everything but `SystemClock` takes time as an argument.
Start reading at `instants`, then `soft_close`, `deadlines` and `bell`.
"""
