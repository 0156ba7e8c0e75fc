"""`ressenti check`: what a worker would find, looked at one by one, each in bounded time.

Nothing is changed and nobody's group is joined. A finding holds no secret, no key and no value of
a record.
"""
