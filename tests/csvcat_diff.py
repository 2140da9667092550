"""Random sets of small CSV files through csvcat, strict and by name, against Python's csv module.

    csvcat_diff.py CSVCAT N [SEED]

Prints the seed of the first set that differs, and its files.
"""
import csv
import io
import os
import random
import subprocess
import sys
import tempfile

ALPHABET = ["a", "b", "7", " ", "é", '"', ",", "\n", "\r\n", "\r", "x" * 70, ""]


def value(rnd):
    return "".join(rnd.choice(ALPHABET) for _ in range(rnd.randrange(4)))


def write(rnd, fields, force):
    out = []
    for f in fields:
        quote = force or rnd.random() < 0.2 or any(c in f for c in '",\r\n')
        out.append('"' + f.replace('"', '""') + '"' if quote else f)
    line = ",".join(out)
    return line if line else '""'


def case(seed):
    """Files as bytes, the mode, and the rows that must come out."""
    rnd = random.Random(seed)
    union = rnd.random() < 0.5
    names = ["id", "n ame", "é", 'q"x', "c,d"][: rnd.randrange(1, 6)]
    files, rows, order = [], [], []
    for _ in range(rnd.randrange(1, 5)):
        mine = list(names)
        if union:
            rnd.shuffle(mine)
            mine = mine[: rnd.randrange(1, len(mine) + 1)]
        end = rnd.choice(["\n", "\r\n"])
        lines = [write(rnd, mine, False)]
        for name in mine:
            if name not in order:
                order.append(name)
        for _ in range(rnd.randrange(5)):
            row = [value(rnd) for _ in mine]
            rows.append(dict(zip(mine, row)))
            lines.append(write(rnd, row, rnd.random() < 0.3))
            if rnd.random() < 0.1:
                lines.append("")
        text = end.join(lines) + (end if rnd.random() < 0.8 else "")
        files.append((b"\xef\xbb\xbf" if rnd.random() < 0.2 else b"") + text.encode())
        if rnd.random() < 0.1:
            files.append(b"")
    order = order if union else names
    return files, union, [order] + [[r.get(n, "") for n in order] for r in rows]


def main():
    csvcat, n = sys.argv[1], int(sys.argv[2])
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + n):
            files, union, want = case(seed)
            paths = []
            for i, data in enumerate(files):
                paths.append(os.path.join(folder, f"f{i}"))
                with open(paths[-1], "wb") as f:
                    f.write(data)
            run = subprocess.run([csvcat] + (["-u"] if union else []) + paths, capture_output=True, check=False)
            got = list(csv.reader(io.StringIO(run.stdout.decode(), newline="")))
            got = [row for row in got if row != []]
            if run.returncode != 0 or got != want:
                print(f"seed {seed}, {'union' if union else 'strict'}: exit {run.returncode} {run.stderr!r}")
                print("files:", files, "got:", got, "want:", want, sep="\n")
                return 1
    print(f"{n} sets of files agree with Python's csv module")
    return 0


sys.exit(main())
