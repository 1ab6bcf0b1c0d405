"""What the bench as a whole can show for the goals: a run of several parts, judged, kept and told.

Start with `parts`, which names what there is to measure and in what sizes. `full_run` measures parts to the end,
`goals` holds the figures against what was set out to be reached. `record` keeps a run (in bench/figures.json, if it is
the one that the README tells of), `readme` writes the table of goals from it, `telling` tells it on a terminal, on a
page and in a file, with the peers side by side as `standings` has them.

Nothing here measures anything: a part of the bench hands over a `bench.measurement`, and of the goals it knows at most
the bound that it prints beside a figure.
"""
