"""The auction domain: what a lot is, what may be asked of it, and what follows.

Pure functions over values: it refuses to know asyncio, I/O, the wall clock, random numbers, and floats for money.
Start reading at `events` (the stored format), then `state` (the fold) and `decisions`; `ladder`, `terms` and
`phases` are the rules they use.
"""
