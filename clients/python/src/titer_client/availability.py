# SPDX-License-Identifier: Apache-2.0

"""An availability is a number of doses, True (yes), False (no) or "unknown". In Python True is an int too, so ask these functions."""
from __future__ import annotations

from typing import Optional, Union


def count_of(availability: Union[int, bool, str]) -> Optional[int]:
    """The number of doses; None where only yes, no or nothing is known."""
    return availability if isinstance(availability, int) and not isinstance(availability, bool) else None


def is_available(availability: Union[int, bool, str]) -> Optional[bool]:
    """Whether there is some; None where it is not known."""
    return None if isinstance(availability, str) else bool(availability)
