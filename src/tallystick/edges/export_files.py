"""The files of exports as they go out, the same for API and pages."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from starlette.responses import FileResponse

from tallystick.core.exports import ExportJob, FileFormat
from tallystick.core.programs import Program
from tallystick.edges.downloads import attachment, file_name
from tallystick.services.export_kinds import kind_of


def export_name(program: Program, wish: object, file_format: FileFormat, now: datetime) -> str:
    """The name of a file that is wished for at that instant."""
    parts = kind_of(wish).parts(wish, now)
    return file_name(program.settings.name, *parts, suffix=file_format.value)


class KeptFile(FileResponse):
    """The file of a job. A Range that cannot be read is left alone, as RFC 9110 has it."""

    def __init__(self, path: Path, job: ExportJob) -> None:
        headers = {
            **attachment(job.file_name),
            "ETag": f'"{(job.file_digest or b"").hex()}"',
            "Cache-Control": "no-cache",
        }
        super().__init__(
            path,
            headers=headers,
            media_type=job.format.media_type,
            stat_result=path.stat(),
        )
        self._size = job.bytes_done

    @property
    def extent(self) -> dict[str, str]:
        """The header that tells how long the file is to whoever asked for what is beyond it."""
        return {"Content-Range": f"bytes */{self._size}"}

    def is_beyond(self, headers: Mapping[str, str]) -> bool:
        """Whether a request asks for a range of which nothing is in the file."""
        wanted, if_range = headers.get("Range"), headers.get("If-Range")
        if wanted is None or (if_range is not None and not self._should_use_range(if_range)):
            return False
        units, _, text = wanted.partition("=")
        if units.strip().lower() != "bytes":
            return False
        given = self._parse_ranges(text, self._size)
        return bool(given) and all(start >= self._size for start, _ in given)

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        """The parts that are wanted and there, rising; none for the whole file."""
        units, _, text = http_range.partition("=")
        if units.strip().lower() != "bytes" or text.count(",") >= cls.max_ranges:
            return []
        given = sorted(cls._parse_ranges(text, file_size))
        if any(start >= end for start, end in given if start < file_size):
            return []
        parts: list[tuple[int, int]] = []
        for start, end in given:
            if start >= file_size:
                continue
            if parts and start <= parts[-1][1]:
                before, before_end = parts.pop()
                parts.append((before, max(before_end, end)))
            else:
                parts.append((start, end))
        return parts
