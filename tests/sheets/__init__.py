"""The rule sheets that ship, each played through from listing to settlement over the real API."""
