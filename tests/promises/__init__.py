"""The promises, kept by a real house: `knockdown serve` in a process of its own that is killed while people bid."""
