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
PIECES = [b"a", b"b", b",", b",", b'"', b'"', b'""', b"\n", b"\n", b"\r\n", b"\r", b"\0", b";", b"\xe9", b" ", b" ", b"\t", b"\x1a", b"x" * 63, BOM]
FIELDS = [b"1", b'"x"', b'"x""y"', b'"\r\n"', b'"\n"', b"", b'x"y', b'"q"z', b'"",', b"x" * 61, b'" \r"', b'"q" ', b' "q"', b' "q',
          b"x\ry", b"y\r", b"\x1a", b"z\x1a", b' "a""b"\t']


class Refused(Exception):
    def __init__(self, why, line=0, begun=b""):
        """line, begun: where the record began, and its bytes before the fault."""
        super().__init__(why)
        self.line, self.begun = line, begun


def records(data, delim):
    """Gives the line where each record begins, its bytes without the line end, its fields as they stand, its line end, and the byte
    behind that."""
    line = begin_line = 1
    begin = field = at = 0
    state, fields, cr = "start", [], None  # cr: whether a CR alone is a line end, once the header has ended
    while at < len(data):
        c, at = data[at:at + 1], at + 1
        lone = c == b"\r" and data[at:at + 1] != b"\n"
        is_end = c == b"\n" or c == b"\r" and (not lone or cr is not False or at == len(data))
        if c == b"\r" and not lone:
            at += 1
        if state in ("closed", "behind") and not is_end and c != delim and not (state == "closed" and c == b'"'):
            if c in b" \t":
                state = "behind"
                continue
            raise Refused(f"line {line}: text behind a closing quote (the record begins on line {begin_line})", begin_line, data[begin:at - 1])
        if state == "quoted":
            state = "closed" if c == b'"' else state
        elif c == b'"':
            if state in ("start", "closed"):
                state = "quoted"
            elif not data[field:at - 1].strip(b" \t" if delim != b"\t" else b" ") and state == "plain":
                state = "odd"
            else:
                state = {"odd": "even", "even": "odd"}.get(state, state)
        elif c == delim or is_end:
            if state == "odd":
                raise Refused(f"line {line}: a field that begins with blanks and a quote", begin_line, data[begin:at - 1])
            if cr is False and c == b"\r" and data[:at - 1 if lone else at - 2].endswith(b"\r"):
                raise Refused(f"line {line}: ends with two carriage returns", begin_line, data[begin:at - 1])
            end = at - (1 if c == delim or lone or c == b"\n" else 2)
            fields.append(data[field:end])
            field, state = at, "start"
            if c != delim:
                if end > begin:
                    yield begin_line, data[begin:end], fields, data[end:at], data[at:at + 1]
                    if cr is None:
                        cr = data[end:at] == b"\r"
                begin, begin_line, fields = at, line + 1, []
        elif state == "start":
            state = "plain"
        if is_end:
            line += 1
    if state == "quoted":
        raise Refused(f"line {begin_line}: a quote is open", begin_line, data[begin:])
    if state == "odd":
        raise Refused(f"line {line}: a field that begins with blanks and a quote", begin_line, data[begin:])
    if begin < len(data):
        if data.endswith(b"\x1a"):
            raise Refused(f"line {line}: a Ctrl-Z", begin_line, data[begin:])
        yield begin_line, data[begin:], fields + [data[field:]], b"", b""


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
        self.one_column = False
        try:
            self.take(data)
        except Refused as why:
            # it is in a row that is bad from its first byte, or in the header, and that shows something worse
            if why.begun.startswith(b"\x1a") and self.one_column:
                raise Refused(f"line {why.line}: a Ctrl-Z") from why
            if b"\0" in why.begun and not any(True for _ in self.good(data)):
                raise Refused(f"line {why.line}: ") from why
            raise

    def good(self, data):
        """The records before a fault."""
        try:
            yield from records(data.removeprefix(BOM), self.delim)
        except Refused:
            pass

    def take(self, data):
        names = None
        for line, record, fields, end, behind in records(data.removeprefix(BOM), self.delim):
            if names is None:
                names = [value(f) for f in fields]
                ended = end
                self.one_column = len(names) == 1
                if b"\0" in record:
                    raise Refused(f"line {line}: ")
                self.add_header(line, record, names)
                if len(names) == 1 and len(record) % 2 == 0 and behind == b"\0":
                    raise Refused("line ")
                continue
            if record.startswith(b"\x1a") and len(names) == 1:
                raise Refused(f"line {line}: a Ctrl-Z")
            if ended == b"\r" and end in (b"\n", b"\r\n"):
                raise Refused("line ")
            if record.startswith(b"\x1a") and len(fields) == 1:
                raise Refused(f"line {line}: a Ctrl-Z")
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

    def row(self, row):
        fields = [row.get(name, b"") for name in self.columns]
        # a CR at the end would become a line end
        last = fields[-1]
        return self.delim.join(fields[:-1] + [quoted(last, self.delim) if last.endswith(b"\r") else last])

    def output(self):
        if not self.header:
            return b""
        if self.union:
            self.header = self.delim.join(quoted(name, self.delim) for name in self.columns)
            self.rows = [self.row(row) for row in self.rows]
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
