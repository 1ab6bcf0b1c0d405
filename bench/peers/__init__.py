"""The peers: what others would build or take for the same job, each set up as its own documentation advises.

Every peer is a real program, started here on this machine for the length of a run and stopped afterwards; one that is
not installed is left out with the reason. This room knows the peers' protocols and, like all of `bench`, of knockdown
only the public one.
"""
