"""The book's figures, drawn with Matplotlib; one module per subject, one style for all."""
