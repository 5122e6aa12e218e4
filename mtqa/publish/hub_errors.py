"""What can go wrong when talking to the Hub: what is retried, and what a user is told. The token is never shown."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from mtqa.core.errors import MtqaError
from mtqa.core.progress import say

T = TypeVar("T")
ATTEMPTS = 4
WAIT_SECONDS = 1.0
TRANSIENT = (408, 425, 429, 500, 502, 503, 504)
LOGIN = "hf auth login, or set HF_TOKEN to a token with the right to write (https://huggingface.co/settings/tokens)"
ADVICE = {
    401: ("The Hub refused the token: it is wrong, expired or missing.", LOGIN),
    403: ("The token has no right to do this.", "use a token with write access to this user or organisation"),
    404: ("The Hub has no such repository, or the token may not see it.", "check --repo and the token's rights"),
    409: ("The Hub reports a conflict: something else is changing the repository.", "run the same command again"),
    413: ("The Hub says that the upload is too large.", "ask the Hub for more room, or publish fewer languages"),
    429: ("The Hub asks to slow down.", "wait some minutes, then run the same command again"),
}


def retried(call: Callable[[], T]) -> T:
    """Do a call that may be repeated; server errors and lost connections are tried four times, 1, 2 and 4 s apart."""
    for attempt in range(ATTEMPTS - 1):
        try:
            return call()
        except Exception as error:
            if not _transient(error):
                raise
            wait = WAIT_SECONDS * 2**attempt
            say(f"the Hub did not answer as it should ({_short(error)}); trying again in {wait:g} s")
            time.sleep(wait)
    return call()


@contextlib.contextmanager
def translated(doing: str, where: str) -> Iterator[None]:
    """Turn the client's exceptions into MtqaError that says what was being done and what to do now."""
    from huggingface_hub.errors import HFValidationError, LocalTokenNotFoundError, OfflineModeIsEnabled

    try:
        yield
    except LocalTokenNotFoundError:
        raise MtqaError("There is no token for the Hub.", where=where, next_step=LOGIN) from None
    except OfflineModeIsEnabled:
        raise MtqaError(
            "huggingface_hub is in offline mode.", where=where, next_step="unset HF_HUB_OFFLINE, or use --dry-run"
        ) from None
    except HFValidationError as error:
        raise MtqaError(f"The Hub allows no such name: {_clean(str(error))}", where=where) from None
    except Exception as error:
        status = _status(error)
        if status is not None:
            what, advice = ADVICE.get(
                status, (f"The Hub answered with an error ({status}).", "run the same command again later")
            )
            reason = _server_message(error)
            raise MtqaError(
                f"{what} ({doing})", where=where, expected=f"success, got {status}{reason}", next_step=advice
            ) from None
        if _connection(error):
            raise MtqaError(
                f"The Hub cannot be reached ({doing}: {_short(error)}).",
                where=where,
                next_step="check the network, then run the same command again; --dry-run needs none",
            ) from None
        if isinstance(error, ValueError | RuntimeError):
            raise MtqaError(f"The upload failed ({doing}): {_clean(str(error))}", where=where) from None
        raise


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__


def _status(error: BaseException) -> int | None:
    """Return the HTTP status in an exception or its causes (the client wraps failed uploads in RuntimeError)."""
    for cause in _causes(error):
        response = getattr(cause, "response", None)
        if response is not None and isinstance(getattr(response, "status_code", None), int):
            return int(response.status_code)
    return None


def _connection(error: BaseException) -> bool:
    """Return whether the connection failed; the client's transport is httpx under one name or another."""
    return any(
        isinstance(cause, ConnectionError | TimeoutError)
        or type(cause).__module__.partition(".")[0].startswith(("httpx", "httpcore", "hf_xet"))
        for cause in _causes(error)
    )


def _transient(error: BaseException) -> bool:
    status = _status(error)
    return status in TRANSIENT if status is not None else _connection(error)


def _server_message(error: BaseException) -> str:
    message = next((str(m) for c in _causes(error) if (m := getattr(c, "server_message", None))), "")
    return f": {_clean(message)}" if message else ""


def _short(error: BaseException) -> str:
    status = _status(error)
    return f"error {status}" if status is not None else type(error).__name__


def _clean(text: str) -> str:
    """Return a message on one line, of bounded length, with the token blotted out should a server repeat it."""
    from huggingface_hub import get_token

    token = get_token()
    line = " ".join(text.split())
    return (line.replace(token, "***") if token else line)[:300]
