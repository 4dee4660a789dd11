"""The domain: what each part of Pulp is on Kubernetes, as functions from effective spec to objects.

Knows nothing of files, of Kustomize or of sealing.
"""
