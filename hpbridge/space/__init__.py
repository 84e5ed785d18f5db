"""What is searched: parameters, each with what it can do, and spaces of them."""
