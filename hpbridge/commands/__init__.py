"""Objectives that are commands of a shell, in any language."""
