"""The methods paragraph of the report."""
