"""The field's words as frozen values.

Everything here is pure: no I/O, no clock, no chance, the standard library only. A word is defined here when a second
package needs it. Drivers, policy and store speak to each other in these values and in nothing else.
"""
