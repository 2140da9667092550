"""Random sets of small CSV files through csvcat: strict, by name and with a list of columns, as arguments or as a tar stream, some
of them compressed, with random options, some with a file that is to be left out; against Python's csv module.

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


def value(rnd, delim):
    return "".join(rnd.choice([*ALPHABET, delim]) for _ in range(rnd.randrange(4)))


def write(rnd, fields, force, delim):
    out = []
    for f in fields:
        quote = force or rnd.random() < 0.2 or any(c in f for c in '"\r\n' + delim)
        out.append('"' + f.replace('"', '""') + '"' if quote else f)
    line = delim.join(out)
    return line if line else '""'


class Case:
    """Files as bytes, the options, and the rows that must come out; or what must be said."""

    def __init__(self, seed):
        rnd = random.Random(seed)
        self.mode = rnd.choice(["strict", "union", "columns"])
        self.delim = rnd.choice([",", ",", ";", "\t", "|", "x", " "])
        self.pad = rnd.random() < 0.3
        self.source = "so\"u;rce" if rnd.random() < 0.3 else None
        self.prefix = rnd.choice(["", "s3://", self.delim]) if self.source else ""
        self.hold = rnd.random() < 0.2
        self.files, self.complaint = [], None
        self.names = ["id", "n ame", "é", 'q"x', "c,d"][: rnd.randrange(1, 6)]
        self.columns = list(self.names) if self.mode == "strict" else []
        self.drop_extra = False
        if self.mode == "columns":
            self.columns = rnd.sample(self.names + ["no one\'s"], rnd.randrange(1, len(self.names) + 2))
            self.drop_extra = not set(self.names) <= set(self.columns) or rnd.random() < 0.3
        rows = []
        for _ in range(rnd.randrange(1, 5)):
            self.add_file(rnd, rows)
            if rnd.random() < 0.1:
                self.files.append(b"")
        # a row's place among the files gives the name of its source
        self.rows = rows
        self.damage(rnd)

    def add_file(self, rnd, rows):
        mine = list(self.names)
        if self.mode != "strict":
            rnd.shuffle(mine)
            mine = mine[: rnd.randrange(1, len(mine) + 1)]
        if self.mode == "union":
            self.columns += [name for name in mine if name not in self.columns]
        end = rnd.choice(["\n", "\r\n"])
        lines = [write(rnd, mine, False, self.delim)]
        for _ in range(rnd.randrange(5)):
            row = [value(rnd, self.delim) for _ in mine]
            if self.pad and rnd.random() < 0.3:
                row = row[: rnd.randrange(1, len(row) + 1)]
            rows.append((len(self.files), dict(zip(mine, row))))
            lines.append(write(rnd, row, rnd.random() < 0.3, self.delim))
            if rnd.random() < 0.1:
                lines.append("")
        text = end.join(lines) + (end if rnd.random() < 0.8 else "")
        self.files.append((b"\xef\xbb\xbf" if rnd.random() < 0.2 else b"") + text.encode())

    def damage(self, rnd):
        """Now and then makes one file bad; with --rejects all the others must come out."""
        if rnd.random() >= 0.2:
            return
        at = rnd.randrange(len(self.files) + 1)
        header = self.delim.join(write(rnd, [name], True, self.delim) for name in self.names)
        if not set(self.names) <= set(self.columns) and not self.drop_extra:
            return
        bad, self.complaint = rnd.choice([
            (header + "\n1" + self.delim * len(self.names) + "\n", f"line 2: {len(self.names) + 1} fields, but the header has "),
            (header + '\r\n"a\r\nb', "line 2: a quote is open at the end of the file"),
            (header + "\n\n\n" + '"1\n2\n"' * len(self.names) + self.delim * 9 + '"', "line 4: "),
        ])
        self.files.insert(at, bad.encode())
        self.rows = [(k + (k >= at), row) for k, row in self.rows]

    def options(self):
        given = {"strict": [], "union": ["--union"], "columns": ["--columns", self.list_of_columns()]}[self.mode]
        given = given + ["--delimiter", "\\t" if self.delim == "\t" else self.delim] * (self.delim != ",")
        given += ["--drop-extra"] * self.drop_extra + ["--ragged", "pad"] * self.pad
        given += ["--source-column", self.source] if self.source else []
        return given + (["--source-prefix", self.prefix] if self.prefix else [])

    def list_of_columns(self):
        out = io.StringIO()
        csv.writer(out, delimiter=self.delim, lineterminator="").writerow(self.columns)
        return out.getvalue()

    def want(self, sources):
        last = [self.source] if self.source else []
        return [self.columns + last] + [
            [row.get(name, "") for name in self.columns] + ([self.prefix + sources[k]] if self.source else [])
            for k, row in self.rows]


def as_tar(rnd, files):
    stream = io.BytesIO()
    kind = rnd.choice([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    names = []
    with tarfile.open(fileobj=stream, mode="w", format=kind) as tar:
        for i, data in enumerate(files):
            names.append(rnd.choice(["", "é", "long/" * 28]) + f"f{i}")
            member = tarfile.TarInfo(names[-1])
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return names, stream.getvalue()


def run(csvcat, seed, folder, case):
    """The names of the sources, how it ended, and what was left out."""
    rnd = random.Random(f"way {seed}")
    files = [gzip.compress(data, 1) if rnd.random() < 0.05 else data for data in case.files]
    rejects = os.path.join(folder, "rejects")
    hold = case.hold or case.complaint
    command = [csvcat, *case.options(), *(["--rejects", rejects] if hold else [])]
    if rnd.random() < 0.5:
        names, tar = as_tar(rnd, files)
        done = subprocess.run([*command, "--tar"], input=tar, capture_output=True, check=False)
    else:
        names = []
        for i, data in enumerate(files):
            names.append(os.path.join(folder, f"f{i}"))
            with open(names[-1], "wb") as f:
                f.write(data)
        done = subprocess.run([*command, *names], capture_output=True, check=False)
    left_out = ""
    if hold and done.returncode in (0, 3):
        with open(rejects, encoding="utf-8") as f:
            left_out = f.read()
    return names, done, left_out


def check(csvcat, seed, folder):
    case = Case(seed)
    names, done, left_out = run(csvcat, seed, folder, case)
    got = csv.reader(io.StringIO(done.stdout.decode(), newline=""), delimiter=case.delim)
    got = [row for row in got if row != []]
    want = case.want(names)
    right = left_out.count("\n") == 1 and case.complaint in left_out if case.complaint else left_out == ""
    if not case.columns or (case.mode == "union" and got == []):
        want = []
    if done.returncode == (3 if case.complaint else 0) and got == want and right:
        return True
    print(f"seed {seed}, {case.mode}: exit {done.returncode} {done.stderr!r} of {done.args}")
    print("files:", case.files, "got:", got, "want:", want, "left out:", left_out, sep="\n")
    return False


def main():
    csvcat, n = sys.argv[1], int(sys.argv[2])
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    with tempfile.TemporaryDirectory() as folder:
        if not all(check(csvcat, seed, folder) for seed in range(first, first + n)):
            return 1
    print(f"{n} sets of files agree with Python's csv module")
    return 0


sys.exit(main())
