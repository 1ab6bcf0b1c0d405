"""What the load generators and benchmarks must get right before any of their figures can be believed."""
