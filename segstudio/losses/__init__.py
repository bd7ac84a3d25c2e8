"""One loss per file, its card beside it, and the registry."""
