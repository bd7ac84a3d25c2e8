"""Panels and dialogs to paint labels with, and what works for them."""
