"""A naive sale on paper: what the real one is compared with."""
