"""What is said where something fails that comes after what is done for good."""

import pytest

from funnel.errors import FunnelError, InputError, Problem
from funnel.publish.files import after


def test_what_to_do_is_said_once() -> None:
    wrong = Problem("data", "IO Error: No space left on device", todo="see that the disk has room")
    with pytest.raises(FunnelError) as told, after("The import is in the warehouse"):
        raise InputError("The warehouse cannot be opened.", [wrong])
    text = str(told.value)
    assert "IO Error: No space left on device" in text
    assert text.lower().count("to do:") == 1
    assert "has room" not in text
