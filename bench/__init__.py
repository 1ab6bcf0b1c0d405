"""Load generators and benchmarks: they measure a running house from outside.

Start at `__main__` (`python -m bench`). What it runs are parts: `fanout`, `bids` with `closing`, `recovery`, and in
rooms of their own `peers` (others at the same jobs), `scale` (how costs grow), `storms` (the shape of a real sale).
`evidence` runs several, judges them by the goals and writes the README's table. `surge`, `replay` and `crowd` stand
behind commands of `knockdown`. All of them use `server` (a house under test), `load` (a line that costs little),
`desk` (the HTTP side), `feed` (a watcher's copy) and `latency`.

A house is spoken to by the public protocol alone, and no file here imports `gateway`. Replays are held against the
rules of `lots` themselves; `engine` is known to `stock`, which writes a past for a house, to `recovery`, which reads
it, and to the peers' Redis, which is set up like the house's. Every figure is printed beside the limit measured in the
same run. Times are seconds unless a name says otherwise; instants are the protocol's microseconds since the epoch.
"""
