"""The S3 servers that tests/servers runs: what they are, how each is installed and how it is started."""
import dataclasses
import pathlib
import subprocess
import zlib

HERE = pathlib.Path(__file__).resolve().parent
DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
JAVA = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]


@dataclasses.dataclass(frozen=True)
class Server:
    name: str  # on the command line
    title: str  # on the page
    version: str
    package: str  # as its registry calls it
    registry: str
    lock: str = ""  # a file beside this one that pins what the package depends on
    access_key: str = "sheaf-test-key"
    secret_key: str = "sheaf-test-secret"
    buckets: str = ""  # where below its data it has a folder for each bucket, and shows the files that it finds there

    def folder(self, cache):
        """Where it is installed: another version, or another lock, goes elsewhere."""
        lock = f"-{zlib.crc32((HERE / self.lock).read_bytes()):08x}" if self.lock else ""
        return cache / f"{self.name}-{self.version}{lock}"

    def install(self, folder):
        INSTALLERS[self.registry](self, folder)

    def command(self, folder, data, port):
        """What starts it, on 127.0.0.1 and that port, with its data in the empty folder data."""
        return [str(word) for word in COMMANDS[self.name](self, folder, data, port)]


SERVERS = [
    Server("versitygw", "versitygw", "1.8.0", "github.com/versity/versitygw/cmd/versitygw", "Go module proxy",
           buckets="."),
    Server("gofakes3", "gofakes3", "1.2.0", "github.com/johannesboyne/gofakes3/cmd/gofakes3", "Go module proxy"),
    Server("moto", "moto", "5.2.5", "moto", "PyPI", lock="moto.txt"),
    Server("s3proxy", "S3Proxy", "4.1.0", "org.gaul:s3proxy:jar:jar-with-dependencies", "Maven Central", buckets="objects"),
    # older, and on another backend: it refuses many a header
    Server("s3proxy2", "S3Proxy 2", "2.6.0", "org.gaul:s3proxy:jar:jar-with-dependencies", "Maven Central", buckets="objects"),
    Server("s3mock", "S3Mock", "5.2.0", "com.adobe.testing:s3mock:jar:exec", "Maven Central"),
    # it knows one user, by this name
    Server("s3rver", "s3rver", "3.7.1", "s3rver", "npm", lock="s3rver/package-lock.json",
           access_key="S3RVER", secret_key="S3RVER"),
]


# ---- installing -----------------------------------------------------------------------------------------------


def run(*command, **options):
    subprocess.run([str(word) for word in command], check=True, stdin=subprocess.DEVNULL, **options)


def install_go(server, folder):
    import os

    environment = dict(os.environ, GOBIN=str(folder), CGO_ENABLED="0")
    run("go", "install", "-trimpath", f"{server.package}@v{server.version}", env=environment)


def install_pypi(server, folder):
    run("/usr/bin/python3", "-m", "venv", folder)
    run(folder / "bin/python", "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check",
        "--requirement", HERE / server.lock)


def install_maven(server, folder):
    group, artifact, packaging, classifier = server.package.split(":")
    run("mvn", "--batch-mode", "--quiet", f"{DEPENDENCY_PLUGIN}:copy", "-Dmdep.stripVersion=true",
        f"-Dartifact={group}:{artifact}:{server.version}:{packaging}:{classifier}", f"-DoutputDirectory={folder}",
        cwd=folder)


def install_npm(server, folder):
    lock = HERE / server.lock
    for name in ("package.json", "package-lock.json"):
        (folder / name).write_bytes((lock.parent / name).read_bytes())
    run("npm", "ci", "--silent", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)


INSTALLERS = {
    "Go module proxy": install_go,
    "PyPI": install_pypi,
    "Maven Central": install_maven,
    "npm": install_npm,
}


# ---- starting -------------------------------------------------------------------------------------------------


def start_versitygw(server, folder, data, port):
    return [folder / "versitygw", "--quiet", "--access", server.access_key, "--secret", server.secret_key,
            "--port", f"127.0.0.1:{port}", "posix", data]


def start_gofakes3(server, folder, data, port):
    return [folder / "gofakes3", "-backend", "memory", "-host", f"127.0.0.1:{port}"]


def start_moto(server, folder, data, port):
    return [folder / "bin/python", "-m", "moto.server", "-H", "127.0.0.1", "-p", port]


def start_s3proxy(server, folder, data, port, provider="filesystem-nio2"):
    objects = data / "objects"
    objects.mkdir()
    properties = data / "s3proxy.conf"
    properties.write_text(
        f"s3proxy.endpoint=http://127.0.0.1:{port}\n"
        "s3proxy.authorization=aws-v2-or-v4\n"
        f"s3proxy.identity={server.access_key}\n"
        f"s3proxy.credential={server.secret_key}\n"
        f"jclouds.provider={provider}\n"
        f"jclouds.filesystem.basedir={objects}\n"
        "jclouds.identity=unused\n"
        "jclouds.credential=unused\n")
    return [*JAVA, "-jar", folder / "s3proxy-jar-with-dependencies.jar", "--properties", properties]


def start_s3proxy2(server, folder, data, port):
    return start_s3proxy(server, folder, data, port, "filesystem")


def start_s3mock(server, folder, data, port):
    return [*JAVA, "-jar", folder / "s3mock-exec.jar", f"--com.adobe.testing.s3mock.httpPort={port}",
            f"--com.adobe.testing.s3mock.store.root={data}"]


def start_s3rver(server, folder, data, port):
    # DES, for its continuation tokens
    return ["node", "--openssl-legacy-provider", folder / "node_modules/s3rver/bin/s3rver.js", "--directory", data, "--address", "127.0.0.1",
            "--port", port, "--no-vhost-buckets", "--silent"]


COMMANDS = {
    "versitygw": start_versitygw,
    "gofakes3": start_gofakes3,
    "moto": start_moto,
    "s3proxy": start_s3proxy,
    "s3proxy2": start_s3proxy2,
    "s3mock": start_s3mock,
    "s3rver": start_s3rver,
}
