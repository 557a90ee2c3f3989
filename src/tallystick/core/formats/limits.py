"""How large a file may be, so that reading one takes bounded memory and bounded time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLimits:
    """What is refused beyond it. Lengths are in characters; a row counts if it has any text.

    `plain_bytes_max` and `ratio_max` are about what a compressed file holds, the latter per byte of
    the compressed file. `line_length_max` is also that of a record that spans several lines, and is
    100,000 at most. A format may allow its cells less than `cell_length_max`.
    """

    plain_bytes_max: int = 8 << 30
    ratio_max: int = 200
    rows_max: int = 20_000_000
    columns_max: int = 100
    line_length_max: int = 10_000
    cell_length_max: int = 1_000

    def __post_init__(self) -> None:
        assert self.line_length_max <= 100_000, self


FILE_LIMITS = FileLimits()  # where nobody has set others
