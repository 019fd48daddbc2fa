"""What is printed: values, layout, totals."""
