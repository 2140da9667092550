"""Records that straddle the edges of buffers, through csvcat from a file, from a tar stream and in small pieces.

    csvcat_edges.py CSVCAT

Each awkward piece of CSV is put at every place around multiples of 64 bytes, 64 KiB and 256 KiB. What must come out is
known from how it was made.
"""
import io
import os
import subprocess
import sys
import tarfile
import tempfile

# a record without its line end, which two fields wide it stays
AWKWARD = ['"",""', '"a""b","c"', '"""",""""""', '"a\r\nb","\n"', '"\r","\r\n\r"', 'a"b",c"', '"a" \t,d', '"a,b",c']
ENDS = ["\n", "\r\n", "\r"]
EDGES = [64, 128, 65536, 131072, 262144, 327680]


def pieces(data):
    """In writes of 1 to 4,001 bytes, so that pipes are read in odd pieces."""
    at, n = 0, 1
    while at < len(data):
        yield data[at:at + n]
        at += n
        n = n * 7 % 4001 + 1


def run(csvcat, args, data=None):
    with tempfile.TemporaryFile() as out:
        with subprocess.Popen([csvcat, *args], stdin=subprocess.PIPE if data else None, stdout=out) as child:
            if data:
                for piece in pieces(data):
                    os.write(child.stdin.fileno(), piece)
                child.stdin.close()
            status = child.wait()
        out.seek(0)
        return status, out.read()


def tar_of(name, data):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def main():
    csvcat, cases = sys.argv[1], 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "f")
        for edge in EDGES:
            for number, record in enumerate(AWKWARD):
                end = ENDS[(number + edge) % 3]
                for before in range(edge - len(record) - 3, edge + 3):
                    # one long row fills the space before it, in quotes every second time
                    fill = before - len("h,i\n") - len("x,\n") - (2 if before % 2 else 0)
                    if fill < 0:
                        continue
                    filler = '"' + "y" * fill + '"' if before % 2 else "y" * fill
                    rows = ["x," + filler, record, "1,2"]
                    first = "\r" if end == "\r" else "\n"  # one that ends the header ends rows, too
                    data = ("h,i" + first + rows[0] + first + rows[1] + end + rows[2] + end).encode()
                    want = ("h,i\n" + "".join(r + "\n" for r in rows)).encode()
                    ways = [["file", [path], None]]
                    if before % 3 == 0:
                        ways += [["tar", ["--tar"], tar_of("f", data)], ["pieces", ["-"], data]]
                    with open(path, "wb") as f:
                        f.write(data)
                    for way, args, stream in ways:
                        status, got = run(csvcat, args, stream)
                        cases += 1
                        if status != 0 or got != want:
                            print(f"{way}: {record!r} with {end!r} at {before}: status {status}, {got[-40:]!r}")
                            return 1
    print(f"{cases} records across the edges of buffers are as they were")
    return 0


if __name__ == "__main__":
    sys.exit(main())
