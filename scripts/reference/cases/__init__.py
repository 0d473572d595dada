"""The cases, one file an area."""
