"""Tests of the auction domain."""
