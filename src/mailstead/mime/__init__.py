"""Octets to structure and back: headers, the part tree, decoded text.

Pure: octets in, values out. Nothing here ever rewrites a message; every section of a message can be cut from it byte by
byte with the offsets that ``scan`` finds once, at arrival. Every loop is bounded by ``model.limits``; a message beyond a
bound is kept whole and read less deeply, never refused for its shape (DECISIONS 35).
"""
