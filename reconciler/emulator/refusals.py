"""Everything the server says no with, in the words of the hosted one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


class EmulatorError(Exception):
    """The emulator cannot start here: what is wrong, and what to do about it."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}. {remedy}")
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class WireError:
    """One error answer."""

    message: str
    param: str | None = None
    code: str | None = None
    status: int = 400
    type: str = "invalid_request_error"

    def body(self) -> dict[str, Any]:
        """The JSON body that carries it."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}


class RequestRefused(Exception):
    """Ends a request with a fault."""

    def __init__(self, fault: WireError) -> None:
        super().__init__(fault.message)
        self.fault = fault


# --- what a request may ask for ---


def unknown_url(method: str, path: str) -> WireError:
    return WireError(f"Invalid URL ({method} {path})", status=404)


def method_not_supported(method: str, path: str) -> WireError:
    hint = "(HINT: Perhaps you meant to make your request using a different HTTP method?)"
    return WireError(f"Not allowed to {method} on {path}. {hint}", code="method_not_supported", status=405)


def no_assistant(assistant_id: str) -> WireError:
    return WireError(f"No assistant found with id '{assistant_id}'.", status=404)


def no_key() -> WireError:
    return WireError(
        "You didn't provide an API key. You need to provide your API key in an Authorization header "
        "using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
        status=401,
    )


def wrong_key(key: str) -> WireError:
    """Names the key as the hosted server does: enough to recognise it, never enough to use it."""
    hint = f"{key[:4]}{'*' * 8}{key[-4:]}" if len(key) > 16 else "*" * 8
    return WireError(
        f"Incorrect API key provided: {hint}. You can find your API key at "
        "https://platform.openai.com/account/api-keys.",
        code="invalid_api_key",
        status=401,
    )


def no_beta_header() -> WireError:
    return WireError(
        "You must provide the 'OpenAI-Beta' header to access the Assistants API. Please try again by "
        "setting the header 'OpenAI-Beta: assistants=v2'.",
        code="invalid_beta",
    )


def too_large(limit: int) -> WireError:
    return WireError(f"Request body too large: at most {limit} bytes are accepted.", code="too_large", status=413)


def not_json() -> WireError:
    return WireError(
        "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your "
        "HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)"
    )


def too_deep() -> WireError:
    return WireError("The JSON body of your request is nested too deeply.", code="invalid_json")


def server_error(reason: str) -> WireError:
    return WireError(
        f"The server had an error while processing your request. Sorry about that! ({reason})",
        status=500,
        type="server_error",
    )


# --- what a value may be ---


def unknown(path: str) -> WireError:
    return WireError(f"Unknown parameter: '{path}'.", path, "unknown_parameter")


def missing(path: str) -> WireError:
    return WireError(f"Missing required parameter: '{path}'.", path, "missing_required_parameter")


def wrong_type(path: str, expects: str, value: object) -> WireError:
    about = f" for '{path}'" if path else ""
    message = f"Invalid type{about}: expected {expects}, but got {type_name(value)} instead."
    return WireError(message, path or None, "invalid_type")


def unsupported_choice(path: str, value: str, choices: Iterable[str]) -> WireError:
    return WireError(f"Invalid value: '{value}'. Supported values are: {listed(choices)}.", path, "invalid_value")


def string_too_long(path: str, longest: int, length: int) -> WireError:
    return WireError(
        f"Invalid '{path}': string too long. Expected a string with maximum length {longest}, "
        f"but got a string with length {length} instead.",
        path,
        "string_above_max_length",
    )


def empty_string(path: str) -> WireError:
    return WireError(
        f"Invalid '{path}': empty string. Expected a string with minimum length 1, but got an empty string instead.",
        path,
        "empty_string",
    )


def pattern_mismatch(path: str, pattern: str) -> WireError:
    return WireError(
        f"Invalid '{path}': string does not match pattern. Expected a string that matches the pattern '{pattern}'.",
        path,
        "invalid_value",
    )


def out_of_range(path: str, value: float, *, bound: float, above: bool, noun: str) -> WireError:
    side, limit, sign = ("above", "maximum", "<=") if above else ("below", "minimum", ">=")
    message = (
        f"Invalid '{path}': {noun} {side} {limit} value. Expected a value {sign} {bound}, but got {value} instead."
    )
    return WireError(message, path, f"{noun}_{side}_{limit[:3]}_value")


def array_too_long(path: str, longest: int, length: int) -> WireError:
    return WireError(
        f"Invalid '{path}': array too long. Expected an array with maximum length {longest}, "
        f"but got an array with length {length} instead.",
        path,
        "array_above_max_length",
    )


def too_many_properties(path: str, most: int, count: int) -> WireError:
    return WireError(
        f"Invalid '{path}': too many properties. Expected an object with at most {most} properties, "
        f"but got an object with {count} properties instead.",
        path,
        "object_above_max_properties",
    )


def property_name_too_long(path: str, name: str, longest: int) -> WireError:
    return WireError(
        f"Invalid property name in '{path}': '{name[:3]}...{name[-3:]}' is too long. "
        f"Expected a string with maximum length {longest}, but got a string with length {len(name)} instead.",
        f"{path}.{name}",
        "property_name_above_max_length",
    )


def listed(words: Iterable[str]) -> str:
    """`'a'`, `'a' and 'b'`, `'a', 'b', and 'c'`."""
    *most, last = [f"'{word}'" for word in words]
    if not most:
        return last
    return f"{', '.join(most)}{',' if len(most) > 1 else ''} and {last}"


_TYPE_NAMES: dict[type, str] = {
    type(None): "null",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal number",
    str: "a string",
    list: "an array",
    dict: "an object",
}


def type_name(value: object) -> str:
    return _TYPE_NAMES[type(value)]
