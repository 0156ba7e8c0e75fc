"""What users see when something is wrong, to the letter: cases, and the page made of them."""
