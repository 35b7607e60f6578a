"""Modules of bench/delivery and bench/serving; bench/README.md describes each of them."""
