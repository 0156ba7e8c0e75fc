"""The same question to other stream processors: NPS by region over 1 h, each minute."""
