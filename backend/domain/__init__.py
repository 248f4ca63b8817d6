"""The rules of the backend: values in, values out; time is an argument, money is an integer."""
