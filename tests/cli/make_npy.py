#!/usr/bin/env python3
"""tests/cli/make_npy.py -- writes .npy and raw files without NumPy.

    make_npy.py OUT TYPE ORDER VERSION COLUMNS VALUE...

TYPE is f4 or f8 (or another that a reader must refuse), ORDER is C or F, VERSION 1 to 3 or `raw`
for no header. VALUEs are given row by row.

SPDX-License-Identifier: MIT
"""
import struct
import sys


def header(version, kind, order, shape):
    text = f"{{'descr': '<{kind}', 'fortran_order': {order == 'F'}, 'shape': {shape}, }}"
    start = b"\x93NUMPY" + bytes([version, 0])
    size_format = "<H" if version == 1 else "<I"
    used = len(start) + struct.calcsize(size_format)
    text += " " * (-(used + len(text) + 1) % 64) + "\n"
    return start + struct.pack(size_format, len(text)) + text.encode("ascii")


def main():
    out, kind, order, version, columns, *values = sys.argv[1:]
    width = int(columns)
    rows = [values[i:i + width] for i in range(0, len(values), width)]
    table = rows if order == "C" else list(zip(*rows))
    numbers = [float(value) for row in table for value in row]
    with open(out, "wb") as file:
        if version != "raw":
            file.write(header(int(version), kind, order, (len(rows), width)))
        code = {"f4": "f", "f8": "d", "i8": "q"}[kind]
        if code == "q":
            numbers = [int(number) for number in numbers]
        file.write(struct.pack(f"<{len(numbers)}{code}", *numbers))


if __name__ == "__main__":
    main()
