"""Checks that every function was built as Lambda runs it.

usage: artifacts.py BUILD_FOLDER [BUILT_AGAIN]

Each folder of functions must hold one executable named bootstrap: for Linux on
arm64, static, stripped, and zipped smaller than 5 MB. BUILT_AGAIN holds some
of them, each in a folder of its name: the bytes must be the same.
"""

import hashlib
import io
import pathlib
import struct
import sys
import zipfile

MOST = 5_000_000  # bytes of a zip

# https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html
ELF_64_LITTLE_ENDIAN = b"\x7fELF\x02\x01"
EXECUTABLE, MACHINE_AARCH64 = 2, 183
DYNAMIC, INTERPRETER = 2, 3  # types of program headers
SYMBOLS = (".symtab", ".strtab", ".debug_", ".zdebug_")


def main(build, built_again=None):
    functions = sorted(p for p in pathlib.Path(build).iterdir() if p.is_dir() and p.name.endswith("Function"))
    if not functions:
        sys.exit(f"{build} holds no functions")
    print(f"{'function':24} {'MB':>5} {'zip':>5}  sha256")
    faults = []
    for function in functions:
        files = [p.name for p in function.iterdir()]
        if files != ["bootstrap"]:
            faults.append(f"{function.name} holds {files}, not bootstrap alone")
            continue
        code = (function / "bootstrap").read_bytes()
        size = zipped(code)
        print(f"{function.name:24} {len(code) / 1e6:5.2f} {size / 1e6:5.2f}  {hashlib.sha256(code).hexdigest()[:16]}")
        faults += [f"{function.name} {fault}" for fault in check(code)]
        if size >= MOST:
            faults.append(f"{function.name} is {size} bytes zipped, and may be {MOST}")
    if built_again:
        faults += differences(pathlib.Path(build), pathlib.Path(built_again))
    if faults:
        sys.exit("\n".join(faults))


def check(code):
    kind, machine = struct.unpack_from("<HH", code, 16)
    if not code.startswith(ELF_64_LITTLE_ENDIAN) or kind != EXECUTABLE or machine != MACHINE_AARCH64:
        yield "is no ELF executable for arm64"
        return
    if {DYNAMIC, INTERPRETER} & set(segments(code)):
        yield "is linked dynamically"
    for name in sections(code):
        if name.startswith(SYMBOLS):
            yield f"is not stripped: it has {name}"


def segments(code):
    """The types of the program headers."""
    (offset,) = struct.unpack_from("<Q", code, 32)
    size, count = struct.unpack_from("<HH", code, 54)
    return [struct.unpack_from("<I", code, offset + i * size)[0] for i in range(count)]


def sections(code):
    """The sections' names."""
    (offset,) = struct.unpack_from("<Q", code, 40)
    size, count, names = struct.unpack_from("<HHH", code, 58)
    (start,) = struct.unpack_from("<Q", code, offset + names * size + 24)
    for i in range(count):
        (name,) = struct.unpack_from("<I", code, offset + i * size)
        yield code[start + name : code.index(b"\0", start + name)].decode()


def zipped(code):
    """How long the archive is that sam deploy makes and Lambda keeps."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("bootstrap", code)
    return len(archive.getvalue())


def differences(build, again):
    compared = sorted(p.name for p in again.iterdir())
    if not compared:
        yield f"{again} holds no functions"
    for name in compared:
        if (build / name / "bootstrap").read_bytes() != (again / name / "bootstrap").read_bytes():
            yield f"{name} has other bytes when it is built again"
    print(f"built again, elsewhere, from nothing: {', '.join(compared)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
