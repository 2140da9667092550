"""Files that are hardly CSV through csvcat, against the rules of its manual written down once more, byte by byte: what comes out,
or which file and line is refused and why.

    csvcat_soup.py CSVCAT N [SEED]

Prints the seed of the first set of files that differs.
"""
import io
import os
import random
import subprocess
import sys
import tarfile
import tempfile

BOM = b"\xef\xbb\xbf"
PIECES = [b"a", b"b", b",", b",", b'"', b'"', b'""', b"\n", b"\n", b"\r\n", b"\r", b"\0", b";", b"\xe9", b" ", b"x" * 63, BOM]
FIELDS = [b"1", b'"x"', b'"x""y"', b'"\r\n"', b'"\n"', b"", b'x"y', b'"q"z', b'"",', b"x" * 61, b'" \r"']


class Refused(Exception):
    pass


def records(data, delim):
    """Gives the line where each record begins, its bytes without the line end, its fields as they stand."""
    line = begin_line = 1
    begin = field = at = 0
    state, fields = "start", []
    while at < len(data):
        c = data[at:at + 1]
        two = data[at:at + 2]
        at += 1
        if c in b"\r\n":
            at += two == b"\r\n"
            line += 1
        if state == "quoted":
            if two == b'""':
                at += 1
            elif c == b'"':
                state = "plain"
        elif c == b'"' and state == "start":
            state = "quoted"
        elif c in (delim, b"\n", b"\r"):
            end = at - (2 if two == b"\r\n" and c == b"\r" else 1)
            fields.append(data[field:end])
            field, state = at, "start"
            if c != delim:
                if end > begin:
                    yield begin_line, data[begin:end], fields
                begin, begin_line, fields = at, line, []
        else:
            state = "plain"
    if state == "quoted":
        raise Refused(f"line {begin_line}: a quote is open")
    if begin < len(data):
        yield begin_line, data[begin:], fields + [data[field:]]


def value(field):
    if not field.startswith(b'"'):
        return field
    parts = field[1:].replace(b'""', b"\0quote\0").split(b'"', 1)
    return parts[0].replace(b"\0quote\0", b'"') + (parts[1].replace(b"\0quote\0", b'""') if len(parts) > 1 else b"")


def quoted(name, delim):
    return b'"' + name.replace(b'"', b'""') + b'"' if any(c in name for c in (delim, b'"', b"\n", b"\r")) else name


class Merge:
    def __init__(self, delim, pad, union):
        self.delim, self.pad, self.union = delim, pad, union
        self.header, self.columns, self.rows = None, [], []

    def add(self, data):
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise Refused("UTF-16")
        names = None
        for line, record, fields in records(data.removeprefix(BOM), self.delim):
            if names is None:
                if len(record) > 1 and not any(record[len(record) % 2 == 0::2]):
                    raise Refused("UTF-16")
                names = [value(f) for f in fields]
                self.add_header(line, record, names)
                continue
            if len(fields) > len(names) or len(fields) < len(names) and not self.pad:
                raise Refused(f"line {line}: {len(fields)} field")
            self.rows.append(dict(zip(names, fields)) if self.union else record + self.delim * (len(names) - len(fields)))

    def add_header(self, line, record, names):
        if self.union and len(set(names)) < len(names):
            raise Refused(f"line {line}: column")
        if not self.union and self.header and names != self.columns:
            raise Refused(f"line {line}: a different header")
        self.columns += [name for name in names if name not in self.columns] if self.union or not self.header else []
        if not self.header:
            self.header, self.columns = record, names if not self.union else self.columns

    def output(self):
        if not self.header:
            return b""
        if self.union:
            self.header = self.delim.join(quoted(name, self.delim) for name in self.columns)
            self.rows = [self.delim.join(row.get(name, b"") for name in self.columns) for row in self.rows]
        return b"".join((line or b'""') + b"\n" for line in [self.header] + self.rows)


def soup(rnd, most):
    return b"".join(rnd.choice(PIECES) for _ in range(rnd.randrange(most)))


def make_file(rnd, header, delim):
    rows = [header if rnd.random() < 0.8 else soup(rnd, 6)]
    for _ in range(rnd.randrange(5)):
        row = delim.join(rnd.choice(FIELDS) for _ in range(header.count(delim) + 1))
        rows.append(row if rnd.random() < 0.8 else soup(rnd, 8))
    end = rnd.choice([b"\n", b"\r\n", b"\r"])
    data = end.join(rows) + (end if rnd.random() < 0.5 else b"")
    if rnd.random() < 0.15:
        at = rnd.randrange(len(data) + 1)
        data = data[:at] + rnd.choice([b'"', b"\r", b"\n", b"\0"]) + data[at:]
    return (BOM if rnd.random() < 0.2 else b"") + data


def run(csvcat, rnd, folder, options, files):
    names = [f"f{i}" for i in range(len(files))]
    if rnd.random() < 0.5:
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as tar:
            for name, data in zip(names, files):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        return subprocess.run([csvcat, *options, "--tar"], input=stream.getvalue(), capture_output=True, check=False)
    for name, data in zip(names, files):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)
    return subprocess.run([csvcat, *options, *names], cwd=folder, capture_output=True, check=False)


def check(csvcat, seed, folder):
    rnd = random.Random(seed)
    delim, pad, union = rnd.choice([b",", b";"]), rnd.random() < 0.5, rnd.random() < 0.4
    header = rnd.choice([b"a,b", b"a", b'"a",b', b"a;b", b'"a,b";c', soup(rnd, 6)])
    files = [make_file(rnd, header, delim) for _ in range(rnd.randrange(1, 4))]
    merge, want, refused = Merge(delim, pad, union), None, None
    try:
        for i, data in enumerate(files):
            merge.add(data)
        want = merge.output()
    except Refused as why:
        refused = f"csvcat: f{i}: {why}".encode()
    options = ["-d", delim.decode(), *(["--ragged", "pad"] if pad else []), *(["-u"] if union else [])]
    done = run(csvcat, rnd, folder, options, files)
    if refused:
        right = done.returncode == 1 and done.stderr.startswith(refused)
    else:
        right = done.returncode == 0 and done.stdout == want and done.stderr == b""
    if not right:
        print(f"seed {seed}, {options}: {files}\nwant: {want!r}, {refused!r}\ngot: {done}")
    return right


def main():
    csvcat, n = os.path.abspath(sys.argv[1]), int(sys.argv[2])
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    with tempfile.TemporaryDirectory() as folder:
        if not all(check(csvcat, seed, folder) for seed in range(first, first + n)):
            return 1
    print(f"{n} sets of files are as the manual says")
    return 0


sys.exit(main())
