"""Responses: values to octets, one file each."""
