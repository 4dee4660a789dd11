"""Checks: schema, references, policy and secret hygiene, each a function from a rendering to findings."""
