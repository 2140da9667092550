"""What a check has at hand: a server that runs, a bucket, our programs, a second client, a folder."""
import dataclasses
import os
import pathlib
import re
import signal
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = (ROOT / os.environ.get("BUILD", "build")).resolve()
TIME_LIMIT = 120  # seconds for one command


class Fault(Exception):
    """Something is not as it must be."""


class NotSupported(Exception):
    """The server cannot be asked this."""


class NotReached(Exception):
    """What this check builds on has failed."""


@dataclasses.dataclass
class Check:
    name: str
    what: str  # for the page, where it fails: what was done
    function: object
    probe: str  # the name of what the server itself must do for it, or ""


CHECKS = []


def check(name, what, probe=""):
    def add(function):
        CHECKS.append(Check(name, what, function, probe))
        return function

    return add


@dataclasses.dataclass
class Ended:
    command: str
    status: int
    out: bytes
    err: str

    def must_say(self, *words):
        for word in words:
            if word not in self.err:
                raise Fault(f"`{self.command}` does not say '{word}': {self.err.strip() or 'nothing'}")


def lines_of(text):
    """What was said, less what make adds."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith(("make: ***", "report: alarm"))]


class Session:
    def __init__(self, server, client, endpoint, folder):
        self.server, self.second, self.folder = server, client, folder
        self.bucket = "sheaf"
        self.done = set()  # names of steps that later checks build on
        self.refused = []  # odd keys that this server does not take
        home = folder / "home"
        home.mkdir()
        self.environment = {
            "PATH": f"{BUILD}/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(home),
            "LC_ALL": "C",
            "TZ": "UTC",
            "AWS_ENDPOINT_URL_S3": endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": server.access_key,
            "AWS_SECRET_ACCESS_KEY": server.secret_key,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if "BUILD" in os.environ:  # as it was given: make must not see the same folder by another name
            self.environment["BUILD"] = os.environ["BUILD"]

    # ---- running

    def start(self, *argv, environment=(), **options):
        # in a session of its own, so that all of it can be ended
        return subprocess.Popen([str(word) for word in argv], cwd=ROOT, env={**self.environment, **dict(environment)},
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **options)

    def run(self, *argv, status=0, feed=b"", environment=()):
        """Runs it; it must end with status."""
        command = self.short(" ".join(str(word) for word in argv))
        process = self.start(*argv, environment=environment, stdin=subprocess.PIPE)
        try:
            out, err = process.communicate(feed, timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            _, err = process.communicate()
            said = self.short(" / ".join(lines_of(err.decode("utf-8", "replace"))[-2:]))
            raise Fault(f"`{command}` has not ended after {TIME_LIMIT} s; it said: {said or 'nothing'}") from None
        ended = Ended(command, process.returncode, out, self.short(err.decode("utf-8", "replace")))
        if ended.status != status:
            said = lines_of(ended.err) or ["(nothing on standard error)"]
            raise Fault(f"`{command}` ended with {ended.status}, not {status}: {' / '.join(said[:2])}")
        return ended

    def make(self, target, *settings, status=0, jobs=4):
        # make itself says 2 for any failure
        return self.run("make", "--no-print-directory", "-s", f"-j{jobs}", target, "PROGRESS=0", *settings, status=status)

    def short(self, text):
        """Without what differs from run to run: for the page."""
        text = text.replace(str(self.folder) + "/", "").replace(self.environment["AWS_ENDPOINT_URL_S3"], "http://SERVER")
        text = text.replace(self.environment["AWS_ENDPOINT_URL_S3"].removeprefix("http://"), "SERVER")
        text = text.replace("make --no-print-directory -s ", "make ").replace("PROGRESS=0 ", "")
        text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID", text)
        text = re.sub(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?", "TIME", text)
        return re.sub(r'("id":")[0-9a-f]{32}', r"\1ID", text)

    # ---- objects

    def uri(self, key):
        return f"s3://{self.bucket}/{key}"

    def new_bucket(self, name):
        self.second.must("PUT", name)
        self.bucket = name

    def put(self, key, body):
        self.second.put(self.bucket, key, body)

    def list(self, prefix, *options):
        """What `s3ls -l` prints: (key, size, etag, time) each. Some servers add their folders, as keys with a slash at the end."""
        out = self.run("s3ls", "-l", *options, self.uri(prefix)).out.decode()
        rows = [line.split("\t") for line in out.splitlines()]
        return [(row[0].removeprefix(self.uri("")), *row[1:]) for row in rows if not row[0].endswith("/")]

    def file(self, name, body):
        path = self.folder / name
        path.write_bytes(body)
        return path

    # ---- judging

    def same(self, what, found, wanted):
        if found != wanted:
            raise Fault(f"{what}: {differs(found, wanted)}")

    def stored(self, key, wanted):
        self.same(f"the object {key}", self.second.get(self.bucket, key), wanted)

    def needs(self, step):
        if step not in self.done:
            raise NotReached(f"needs '{step}'")


def differs(found, wanted):
    if isinstance(wanted, bytes):
        if len(wanted) > 60 or len(found) > 60:
            at = next((i for i, (a, b) in enumerate(zip(found, wanted)) if a != b), min(len(found), len(wanted)))
            return f"{len(found)} bytes, not the {len(wanted)} wanted; they differ from byte {at} on"
    if isinstance(wanted, list):
        missing = [item for item in wanted if item not in found]
        extra = [item for item in found if item not in wanted]
        if missing or extra:
            return f"{len(missing)} are missing {missing[:3]}, {len(extra)} are too many {extra[:3]}"
        at = next((i for i, (a, b) in enumerate(zip(found, wanted)) if a != b), min(len(found), len(wanted)))
        return f"another order, from item {at} on: {found[at:at + 3]}, not {wanted[at:at + 3]}"
    return f"{found!r}, not {wanted!r}"
