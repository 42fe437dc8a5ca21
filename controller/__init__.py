"""At the desk: tickets in, jobs out, reports attached."""
