"""Random sets of small CSV files through csvcat, strict and by name, as arguments or as a tar stream, some of them compressed,
against Python's csv module.

    csvcat_diff.py CSVCAT N [SEED]

Prints the seed of the first set that differs, and its files.
"""
import csv
import gzip
import io
import os
import random
import subprocess
import sys
import tarfile
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


def as_tar(rnd, files):
    stream = io.BytesIO()
    kind = rnd.choice([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    with tarfile.open(fileobj=stream, mode="w", format=kind) as tar:
        for i, data in enumerate(files):
            member = tarfile.TarInfo(rnd.choice(["", "é", "long/" * 28]) + f"f{i}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def run(csvcat, seed, folder, files, union):
    rnd = random.Random(f"way {seed}")
    files = [gzip.compress(data, 1) if rnd.random() < 0.05 else data for data in files]
    command = [csvcat] + (["-u"] if union else [])
    if rnd.random() < 0.5:
        return subprocess.run(command + ["-t"], input=as_tar(rnd, files), capture_output=True, check=False)
    paths = []
    for i, data in enumerate(files):
        paths.append(os.path.join(folder, f"f{i}"))
        with open(paths[-1], "wb") as f:
            f.write(data)
    return subprocess.run(command + paths, capture_output=True, check=False)


def main():
    csvcat, n = sys.argv[1], int(sys.argv[2])
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + n):
            files, union, want = case(seed)
            done = run(csvcat, seed, folder, files, union)
            got = list(csv.reader(io.StringIO(done.stdout.decode(), newline="")))
            got = [row for row in got if row != []]
            if done.returncode != 0 or got != want:
                print(f"seed {seed}, {'union' if union else 'strict'}: exit {done.returncode} {done.stderr!r} of {done.args}")
                print("files:", files, "got:", got, "want:", want, sep="\n")
                return 1
    print(f"{n} sets of files agree with Python's csv module")
    return 0


sys.exit(main())
