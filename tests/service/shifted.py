"""`ressenti` with its clock ahead: `python -m tests.service.shifted SECONDS run -c FILE`.

Time that is only measured (monotonic) goes on as it is, as on a machine whose clock is wrong.
"""

import sys
import time

from stream.__main__ import main

if __name__ == "__main__":
    ahead = int(sys.argv.pop(1))
    seconds, nanoseconds = time.time, time.time_ns
    time.time = lambda: seconds() + ahead
    time.time_ns = lambda: nanoseconds() + ahead * 1_000_000_000
    main()
