"""How a space is searched by a library that lacks some of its kinds."""
