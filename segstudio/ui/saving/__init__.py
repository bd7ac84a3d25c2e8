"""Labels that are never lost: saving, copies for after a crash, and the question on closing."""
