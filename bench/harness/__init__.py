"""The parts of bench/delivery; bench/README.md says which is which."""
