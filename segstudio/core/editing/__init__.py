"""Label editing: every operation returns an `Edit`, which is then applied, limited or undone."""
