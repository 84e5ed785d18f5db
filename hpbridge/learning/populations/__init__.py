"""Population-based training: members that train, copy better ones, and vary them."""
