# SPDX-License-Identifier: Apache-2.0

"""Client of titer, a replicated database for vaccine availability. README.md shows it by example."""
from . import errors, models
from ._exchange import Text
from ._follower import Change
from ._version import __version__
from .availability import count_of, is_available
from .client import AsyncClient, Client
from .errors import OutcomeUnknown, Problem, TiterError, Unavailable

__all__ = ["AsyncClient", "Change", "Client", "OutcomeUnknown", "Problem", "Text", "TiterError", "Unavailable", "__version__", "count_of",
           "errors", "is_available", "models"]
