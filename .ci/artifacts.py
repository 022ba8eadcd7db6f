"""Checks that every function was built as Lambda runs it.

usage: artifacts.py BUILD_FOLDER

Each folder of functions must hold one executable named bootstrap, for Linux on
arm64.
"""

import pathlib
import struct
import sys

ELF_64_LITTLE_ENDIAN = b"\x7fELF\x02\x01"
MACHINE_AARCH64 = 183


def main(build):
    faults = 0
    functions = sorted(p for p in pathlib.Path(build).iterdir() if p.is_dir() and p.name.endswith("Function"))
    for function in functions:
        fault = check(function)
        print(f"{function.name}: {fault or 'bootstrap for arm64'}")
        faults += fault is not None
    if not functions or faults:
        sys.exit(f"{faults} of {len(functions)} functions cannot run")


def check(function):
    files = [p.name for p in function.iterdir()]
    if files != ["bootstrap"]:
        return f"holds {files}, not bootstrap alone"
    with open(function / "bootstrap", "rb") as f:
        head = f.read(20)
    (machine,) = struct.unpack_from("<H", head, 18)
    if not head.startswith(ELF_64_LITTLE_ENDIAN) or machine != MACHINE_AARCH64:
        return "bootstrap is no ELF executable for arm64"
    return None


if __name__ == "__main__":
    main(*sys.argv[1:])
