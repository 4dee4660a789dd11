"""Runs a rendering as local processes: a test tool that plays kubelet, controllers and network on one Linux machine.

It is not a cluster and imitates no API server: what it models, and what not, is said in ``docs/e2e.md``.
"""
