"""The gateway: everything a client touches, from the socket to the order and from the commit back to the socket.

`wire`, `frames` and `fanout` carry bytes; `session`, `rest` and `auth` know who asks and hand orders to the engine;
`operations`, `metrics` and `documents` tell others about the house. It refuses to know Redis: the composition root
builds the journal. Start reading at `messages`, then `session`, `rest` and `app`.
"""
