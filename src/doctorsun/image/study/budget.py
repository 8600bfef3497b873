"""How much an upload may become: counted while it is unpacked, so that a bomb ends early."""

from dataclasses import dataclass

from doctorsun.errors import ImageError

FREE_BYTES = 64 * 2**20
"""Up to here no ratio counts: a label map of some megabytes packs into a thousandth of them."""


@dataclass(slots=True, kw_only=True)
class Budget:
    """What unpacking one upload may still write.

    Attributes:
        max_bytes: of all files together.
        max_files: how many files.
        max_ratio: unpacked to packed.
        packed_bytes: size of the upload.
    """

    max_bytes: int
    packed_bytes: int
    max_files: int = 10_000
    max_ratio: int = 200
    num_bytes: int = 0
    num_files: int = 0

    def add_file(self) -> int:
        """Count one more file and return its number.

        Raises:
            ImageError: there are too many.
        """
        self.num_files += 1
        self.require_files(self.num_files)
        return self.num_files

    def require_files(self, number: int) -> None:
        """Require that a number of files is not too large.

        Raises:
            ImageError: it is.
        """
        if number > self.max_files:
            got, expected = str(number), f"at most {self.max_files}"
            raise ImageError("files of the upload", got=got, expected=expected, do="send one study at a time")

    def add_bytes(self, number: int) -> None:
        """Count what is about to be written.

        Raises:
            ImageError: it is too much in all, or too much for what was sent.
        """
        self.num_bytes += number
        self.require_bytes(self.num_bytes)
        if self.num_bytes > max(FREE_BYTES, self.max_ratio * self.packed_bytes):
            got, expected = f"more than {self.max_ratio} times its size", "medical images, which pack less well"
            raise ImageError("unpacked upload", got=got, expected=expected, do="send the files as they are")

    def require_bytes(self, number: int) -> None:
        """Require that a size is not too large.

        Raises:
            ImageError: it is.
        """
        if number > self.max_bytes:
            got, expected = f"more than {self.max_bytes // 2**20} MiB", f"at most {self.max_bytes // 2**20} MiB"
            raise ImageError("unpacked upload", got=got, expected=expected, do="send fewer series at a time")
