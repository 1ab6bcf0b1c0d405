"""How a house scales: one curve for each thing that can grow, from a handful to as many as this machine lets in.

Each file here draws one curve; `curve.py` is what they have in common, `fit.py` the law they are held against,
`plot.py` the picture, `curves.py` the report on all of them. This room knows the public protocol, and for the limits
the store.
"""
