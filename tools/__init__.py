"""Tools of the house: what is made from the code instead of written by hand."""
