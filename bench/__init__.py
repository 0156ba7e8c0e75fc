"""Measurements: one file per question; `make bench` asks them all."""
