"""The scores of a result's methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, SupportsIndex, overload

from explainer import arguments
from explainer.errors import UsageError

if TYPE_CHECKING:
    from explainer.result_types import Attribution

    _Base = list[Attribution]
else:
    _Base = list


class Attributions(_Base):
    """A list of one dict for each method, which a method's name finds, too: attributions["leave_one_out"]."""

    @overload
    def __getitem__(self, key: SupportsIndex | str) -> Attribution: ...

    @overload
    def __getitem__(self, key: slice) -> list[Attribution]: ...

    def __getitem__(self, key: SupportsIndex | slice | str) -> Any:
        if not isinstance(key, str):
            return super().__getitem__(key)
        found = [one for one in self if one["method"] == key]
        if len(found) != 1:
            known = ", ".join(one["method"] for one in self) or "none"
            arguments.fault(UsageError, "attributions", f"{len(found)} of the method {key!r}; expected one of the "
                            f"methods of this result ({known}), or its number")
        return found[0]

    def __contains__(self, key: object) -> bool:
        if isinstance(key, str):
            return any(one["method"] == key for one in self)
        return super().__contains__(key)


__all__ = ["Attributions"]
