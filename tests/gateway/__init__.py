"""Tests of the gateway: its wire and sessions from outside, its feeds and its board by hand."""
