"""Helpers over Kubernetes objects as plain dicts. Knows nothing of Pulp, of specs or of Kustomize."""
