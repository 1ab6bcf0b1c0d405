"""The engine: one actor per closing group, and the journal that holds every event before anyone hears of it."""
