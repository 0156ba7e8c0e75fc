"""`ressenti demo`: a small company's customers, live, with everything that this needs.

`stage` plays it: servers, a worker and traffic in one process, until it is ended.
"""
