"""What a plugin's author tests with: the conformance kit and the parity check."""
