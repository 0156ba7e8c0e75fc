"""Where values leave to: each sink gets absolute values and may get them twice."""
