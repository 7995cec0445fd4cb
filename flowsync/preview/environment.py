"""The environment variables for npm and the browser: what they need to run, without Frigade's keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEEDED: Final = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TEMP", "TMP", "TZ", "LANG", "LANGUAGE"),
        *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "HOMEDRIVE", "HOMEPATH"),
        *("APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "LD_LIBRARY_PATH"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    }
)
_FAMILIES: Final = ("LC_", "XDG_", "FONTCONFIG_", "NPM_", "NODE_", "NVM_", "VOLTA_", "ASDF_")
"""NPM_ and NODE_ may hold the key of a company's registry, which npm needs."""
_OF_NPM: Final = ("NPM_", "NODE_")


def for_npm(environ: Mapping[str, str]) -> Mapping[str, str]:
    """The variables for npm: paths, proxies, and the registry's own key."""
    return {name: value for name, value in environ.items() if _is_needed(name.upper())}


def for_browser(environ: Mapping[str, str]) -> Mapping[str, str]:
    """The variables for the browser: the same without npm's."""
    return {name: value for name, value in for_npm(environ).items() if not name.upper().startswith(_OF_NPM)}


def _is_needed(name: str) -> bool:
    return name in _NEEDED or name.startswith(_FAMILIES)
