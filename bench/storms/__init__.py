"""A storm with the shape of a real sale: `knockdown storm surge --shape sale`.

Start with `storm`, which holds one from end to end. It carries out a `plan` (bids) with its `mishaps` (lines broken on
purpose), made ahead from the options alone. `people` seats the `contenders` and `onlookers` on `kept_line`s, which dial
again when they break; `slips` keeps what was asked and answered. Meanwhile `lookout` takes everything in at a glance.
Afterwards `hearing` reads each lot's log, and `judge` names its `faults`. `report` and `plots` tell what was found.

Nothing outside this package needs it but the command line and the full run. Seconds since the `start_line`, unless a
name says otherwise.
"""
