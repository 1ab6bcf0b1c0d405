"""Load generators and benchmarks: they measure a running house from outside.

This room knows the public protocol and nothing of what stands behind it: no file here imports `gateway`, and only
micro-benchmarks may import `engine`, `lots` or `clock`. Every figure is printed beside the limit measured in the same
run. Times are seconds unless a name says otherwise; instants are the protocol's microseconds since the epoch.
"""
