"""Checks of the pipeline: make merge, verify and refresh, and what interrupts them."""
import os
import signal
import subprocess
import time

from check_programs import bytes_of, in_order, put_odd, row, wait_until
from session import Fault, NotReached, NotSupported, check, lines_of

OBJECTS, BATCH = 300, 50


class Job:
    """A merge: its objects, as they should be, and its settings."""

    def __init__(self, s, name, objects, *settings, batch=BATCH):
        self.s, self.name, self.batch, self.options = s, name, batch, settings
        self.objects = objects
        self.work = s.folder / f"work-{name}"
        self.batches = None

    def settings(self, *more):
        return (f"SRC={self.s.uri(self.name + '/in/')}", f"DEST={self.s.uri(self.name + '/out/')}", f"WORK={self.work}",
                f"BATCH={self.batch}", *self.options, *more)

    def make(self, target, *more, **options):
        return self.s.make(target, *self.settings(*more), **options)

    def key(self, name):
        return f"{self.name}/in/{name}"

    def put_all(self):
        for name, body in self.objects.items():
            self.s.put(self.key(name), body)

    def put(self, name, body):
        self.objects[name] = body
        self.s.put(self.key(name), body)

    def plan(self):
        """Which objects are in which batch, when listed for the first time."""
        names = in_order(self.objects)
        self.batches = [names[i:i + self.batch] for i in range(0, len(names), self.batch)]

    def merged(self, names):
        return join(self.objects[name] for name in names)

    def check(self):
        """Each merged object is there, with the right bytes."""
        for number, names in enumerate(self.batches):
            self.s.stored(f"{self.name}/out/merged-{number:05}.csv", self.merged(names))


def join(bodies):
    header, rows = b"", []
    for body in bodies:
        header, _, rest = body.partition(b"\n")
        rows.append(rest)
    return header + b"\n" + b"".join(rows)


def small(count):
    return {f"{n:06}.csv": row(n) for n in range(count)}


def large(count, size=300_000):
    """Each one row of that size."""
    return {f"{n:06}.csv": b"id,text\n%d,%s\n" % (n, bytes_of(size + n).hex()[:size].encode()) for n in range(count)}


@check("merge", f"`make merge` of {OBJECTS} objects, BATCH={BATCH}")
def merge(s):
    s.job = Job(s, "job", small(OBJECTS))
    s.job.put_all()
    s.job.plan()
    s.job.make("merge")
    s.job.check()
    s.done.add("merge")


@check("verify", "`make verify` after it")
def verify(s):
    s.needs("merge")
    s.job.make("verify")


@check("verify DEEP=1", "`make verify DEEP=1`: the merged objects are read back")
def verify_deep(s):
    s.needs("merge")
    s.job.make("verify", "DEEP=1")


@check("verify SOURCE=1", "`make verify SOURCE=1`: the source is listed again")
def verify_source(s):
    s.needs("merge")
    s.job.make("verify", "SOURCE=1")


@check("verify from DEST alone", "`make verify` without the work folder, by the ledgers at DEST")
def verify_dest(s):
    s.needs("merge")
    s.make("verify", f"DEST={s.uri('job/out/')}", f"WORK={s.folder / 'work-elsewhere'}")


@check("merge again", "the same `make merge` again: nothing is stored anew")
def merge_again(s):
    s.needs("merge")
    before = stamps(s)
    s.job.make("merge")
    s.same("ETags and times of the merged objects", stamps(s), before)


def stamps(s):
    keys = [f"job/out/merged-{number:05}.csv" for number in range(len(s.job.batches))]
    heads = [s.second.head(s.bucket, key) for key in keys]
    return [(head.etag, head.headers.get("Last-Modified")) for head in heads]


@check("merge, another's DEST", "`make merge` from another work folder to the same DEST: refused")
def merge_foreign(s):
    s.needs("merge")
    other = Job(s, "job", s.job.objects)
    other.work = s.folder / "work-other"
    other.make("merge", status=2).must_say("another run")
    s.job.check()


@check("refresh, nothing new", "`make refresh` when nothing has changed")
def refresh_same(s):
    s.needs("merge")
    out = s.job.make("refresh").out.decode()
    if "0 new objects, 0 changed, 0 gone" not in out:
        raise Fault(f"it says: {out.strip()}")


@check("refresh", "one object changed and two new: `make refresh`, `make merge`, `make verify DEEP=1`")
def refresh(s):
    s.needs("merge")
    job = s.job
    job.put("000010.csv", row(4711))
    for name in ("x1.csv", "x2.csv"):
        job.put(name, row(len(name)))
    out = job.make("refresh").out.decode()
    if "2 new objects, 1 changed, 0 gone" not in out:
        raise Fault(f"it says: {out.strip()}")
    job.batches.append(["x1.csv", "x2.csv"])
    job.make("merge")
    job.check()
    job.make("verify", "DEEP=1")
    s.done.add("refresh")


@check("refresh PRUNE=1", "one object deleted: `make refresh PRUNE=1`, `make merge`, `make verify DEEP=1`")
def refresh_prune(s):
    s.needs("refresh")
    job = s.job
    s.second.delete(s.bucket, job.key("000020.csv"))
    job.batches[0].remove("000020.csv")
    out = job.make("refresh", "PRUNE=1").out.decode()
    if "0 new objects, 0 changed, 1 gone" not in out:
        raise Fault(f"it says: {out.strip()}")
    job.make("merge")
    job.check()
    job.make("verify", "DEEP=1")


@check("merge, odd keys", "`make merge` and `make verify DEEP=1` of keys with blanks, quotes, percent signs, other scripts, …")
def merge_odd(s):
    odd = put_odd(s, "jobodd/in/")
    # which ends in .CSV, and so is not asked for
    objects = {key.removeprefix("jobodd/in/"): body for key, body in odd.items() if key.endswith(".csv")}
    job = Job(s, "jobodd", objects, batch=5)
    job.plan()
    job.make("merge")
    job.check()
    job.make("verify", "DEEP=1")


@check("merge, files beside the server", "`make merge` and `make verify SOURCE=1` of 30 files laid into the server's folder, which may have no "
       "ETag; then one is replaced by another of the same size: `make refresh` finds it")
def merge_laid(s):
    if not s.server.buckets:
        raise NotSupported("it does not keep its objects as plain files")
    job = Job(s, "joblaid", small(30), batch=20)
    folder = s.folder / "data" / s.server.buckets / s.bucket / "joblaid/in"
    folder.mkdir(parents=True)
    for name, body in job.objects.items():
        (folder / name).write_bytes(body)
    job.plan()
    job.make("merge")
    job.check()
    job.make("verify", "SOURCE=1")
    body = job.objects["000007.csv"] = job.objects["000007.csv"].replace(b"name 7", b"NAME 7")
    (folder / "000007.csv").write_bytes(body)
    later = time.time() + 2  # a whole second at least, which is all that a listing may tell
    os.utime(folder / "000007.csv", (later, later))
    out = job.make("refresh").out.decode()
    if "0 new objects, 1 changed, 0 gone" not in out:
        raise Fault(f"it says: {out.strip()}")
    job.make("merge")
    job.check()
    job.make("verify", "SOURCE=1")


@check("merge REJECTS=1", "one object deleted between `make plan` and `make merge REJECTS=1`: named as left out")
def merge_rejects(s):
    job = Job(s, "jobrejects", small(120), "REJECTS=1")
    job.put_all()
    job.plan()
    job.make("plan")
    s.second.delete(s.bucket, job.key("000070.csv"))
    job.batches[1].remove("000070.csv")
    job.make("merge").must_say("1 object")
    job.check()
    if "000070.csv" not in (job.work / "rejects.tsv").read_text():
        raise Fault("rejects.tsv does not name it")
    job.make("verify")


@check("merge killed", "`make merge` in 30 batches and all its processes killed by SIGKILL; then the same command again, and `make verify`")
def merge_killed(s):
    job = Job(s, "jobkilled", small(150), batch=5)
    job.put_all()
    job.plan()
    receipts = job.work / "put"
    # all that it starts is in a PID namespace, and ends with it
    run = s.start("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "make", "--no-print-directory", "-s", "-j1", "merge",
                  "PROGRESS=0", *job.settings("JOBS=1"), stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: len(list(receipts.glob("0*.json"))) >= 3 or run.poll() is not None, "no batch is done")
    finally:
        if run.poll() is None:
            os.kill(run.pid, signal.SIGKILL)
        _, said = run.communicate()
    count = len(list(receipts.glob("0*.json")))
    if count < 3:
        raise Fault("it ended by itself: " + s.short(" / ".join(lines_of(said.decode("utf-8", "replace"))[:2])))
    if count == len(job.batches):
        raise NotReached("it was killed too late: all batches were done")
    job.make("merge")
    job.check()
    job.make("verify", "DEEP=1")


@check("merge ONE=1", "`make merge ONE=1` of 40 objects of 300 KB, so that the single object and a batch are stored in parts; `make verify DEEP=1`",
       "has multipart uploads")
def merge_one(s):
    job = s.one = Job(s, "jobone", large(40), "ONE=1", batch=30)
    job.put_all()
    job.plan()
    job.make("merge")
    job.check()
    s.stored("jobone/out/merged.csv", job.merged(in_order(job.objects)))
    job.make("verify", "DEEP=1")
    s.done.add("merge ONE=1")


@check("refresh ONE=1", "then one of these changed: `make refresh`, `make merge ONE=1`, `make verify DEEP=1`", "Complete knows If-Match")
def refresh_one(s):
    s.needs("merge ONE=1")
    job = s.one
    job.put("000003.csv", b"id,text\n3,changed\n")
    job.make("refresh")
    job.make("merge")
    job.check()
    s.stored("jobone/out/merged.csv", job.merged(in_order(job.objects)))
    job.make("verify", "DEEP=1")
