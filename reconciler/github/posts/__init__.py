"""What stands where the code is hosted: the comment of a pull request, the issue of an environment."""
