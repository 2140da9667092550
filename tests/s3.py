#!/usr/bin/python3 -IS
"""A second S3 client for the tests: boto3, which shares nothing with ours.

usage: s3.py COMMAND [ARGUMENT]...

  mb BUCKET...             make buckets
  ls BUCKET [PREFIX]       the keys as a JSON list, in UTF-8 byte order
  put BUCKET KEY [FILE [HEADER=VALUE]...]
                           store a file or standard input, with more headers in the request
  parts BUCKET KEY FILE SIZE [HEADER=VALUE]...
                           store a file as a multipart upload of parts of that size; the headers go into its first request
  get BUCKET KEY           an object's bytes
  head BUCKET KEY          what a HEAD says, as JSON
  rm BUCKET KEY...         delete
  load BUCKET              store objects: a JSON object on standard input, key to body (a body is a string of characters
                           U+0000 to U+00FF, one a byte)
  dump BUCKET [PREFIX]     the same of everything in a bucket, sorted by key, one a line
  csvs BUCKET PREFIX N     store N small CSV objects, PREFIX000000.csv and on, one row each
  uploads BUCKET           keys and ids of multipart uploads that were not finished, as JSON
  versioning BUCKET        keep old versions from now on

  serve SOCKET             wait for commands, with boto3 loaded: a command whose environment has S3_PY_SOCKET is run
                           there, with its own descriptors and environment, which saves it the third of a second
                           that loading takes

The server and the keys are taken from the environment (AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID, ..., AWS_CA_BUNDLE).
"""
import json
import os
import signal
import socket
import sys


def client():
    import boto3
    from botocore.config import Config

    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        retries={"max_attempts": 2},
    )
    # given explicitly, because a session loaded earlier (serve) keeps the settings of that time
    return boto3.client(
        "s3",
        endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"],
        region_name=os.environ.get("AWS_REGION", "us-east-1"),
        aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=os.environ.get("AWS_SESSION_TOKEN"),
        verify=os.environ.get("AWS_CA_BUNDLE"),
        config=config,
    )


def all_pages(s3, operation, **arguments):
    return s3.get_paginator(operation).paginate(**arguments)


def keys(s3, bucket, prefix=""):
    pages = all_pages(s3, "list_objects_v2", Bucket=bucket, Prefix=prefix)
    return sorted((o["Key"] for p in pages for o in p.get("Contents", [])), key=str.encode)


def body(s3, bucket, key):
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def print_json(value):
    print(json.dumps(value, default=str, sort_keys=True))


def put_all(s3, bucket, objects):
    """With processes, because threads that share a client have crashed in OpenSSL."""
    objects = list(objects)
    count = min(4, 1 + len(objects) // 50)
    workers = []
    for first in range(1, count):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                put_some(s3, bucket, objects[first::count])
                status = 0
            except BaseException:
                sys.excepthook(*sys.exc_info())
            os._exit(status)
        workers.append(pid)
    put_some(s3, bucket, objects[::count])
    if any(os.waitpid(pid, 0)[1] for pid in workers):
        raise OSError("a process that stores objects failed")


def put_some(s3, bucket, objects):
    for key, text in objects:
        s3.put_object(Bucket=bucket, Key=key, Body=text)


def do_mb(s3, *buckets):
    for bucket in buckets:
        s3.create_bucket(Bucket=bucket)


def do_ls(s3, bucket, prefix=""):
    print_json(keys(s3, bucket, prefix))


def add_headers(s3, operation, headers):
    def add(request, **_):
        for header in headers:
            name, value = header.split("=", 1)
            request.headers[name] = value

    s3.meta.events.register(f"before-sign.s3.{operation}", add)


def do_put(s3, bucket, key, file=None, *headers):
    add_headers(s3, "PutObject", headers)
    with open(file if file else 0, "rb") as f:
        s3.put_object(Bucket=bucket, Key=key, Body=f.read())


def do_parts(s3, bucket, key, file, size, *headers):
    add_headers(s3, "CreateMultipartUpload", headers)
    upload = {"Bucket": bucket, "Key": key, "UploadId": s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]}
    parts = []
    with open(file, "rb") as f:
        while data := f.read(int(size)):
            n = len(parts) + 1
            part = s3.upload_part(PartNumber=n, Body=data, **upload)
            parts.append({k: v for k, v in part.items() if k == "ETag" or k.startswith("Checksum")} | {"PartNumber": n})
    s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **upload)


def do_get(s3, bucket, key):
    sys.stdout.buffer.write(body(s3, bucket, key))


def do_head(s3, bucket, key):
    answer = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    answer.update(answer.pop("ResponseMetadata")["HTTPHeaders"])
    print_json(answer)


def do_rm(s3, bucket, *names):
    for key in names:
        s3.delete_object(Bucket=bucket, Key=key)


def do_load(s3, bucket):
    put_all(s3, bucket, [(key, text.encode("latin-1")) for key, text in json.load(sys.stdin).items()])


def do_dump(s3, bucket, prefix=""):
    for key in keys(s3, bucket, prefix):
        print_json({key: body(s3, bucket, key).decode("latin-1")})


def do_csvs(s3, bucket, prefix, count):
    put_all(s3, bucket, ((f"{prefix}{i:06}.csv", f"id,name,value\n{i},name {i},{i * 7919 % 1000}\n")
                         for i in range(int(count))))


def do_uploads(s3, bucket):
    pages = all_pages(s3, "list_multipart_uploads", Bucket=bucket)
    print_json([[u["Key"], u["UploadId"]] for p in pages for u in p.get("Uploads", [])])


def do_versioning(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


def run(argv):
    function = globals().get("do_" + argv[0]) if argv else None
    if function is None:
        sys.stderr.write(__doc__)
        return 2
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        function(client(), *argv[1:])
        sys.stdout.flush()
    except (BotoCoreError, ClientError, OSError) as error:
        sys.stderr.write(f"s3.py: {' '.join(argv[:3])}: {error}\n")
        return 1
    return 0


def receive(connection):
    """A command: its descriptors come with the first bytes, and the text ends with a line feed."""
    text, descriptors, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    while not text.endswith(b"\n"):
        more = connection.recv(1 << 20)
        if not more:
            raise EOFError
        text += more
    return json.loads(text), descriptors


def answer(connection):
    """In a child: runs the command."""
    command, descriptors = receive(connection)
    for i, descriptor in enumerate(descriptors):
        os.dup2(descriptor, i)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(command["environment"])
    os.chdir(command["folder"])
    try:
        status = run(command["argv"])
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    sys.stderr.flush()
    connection.sendall(bytes([status]))


def serve(path):
    os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_ENDPOINT_URL_S3="http://127.0.0.1:9")
    client()  # loads what every command needs
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(16)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            answer(connection)
            os._exit(0)
        connection.close()


def ask(path, argv):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        command = {"argv": argv, "environment": dict(os.environ), "folder": os.getcwd()}
        text = json.dumps(command).encode() + b"\n"
        sent = socket.send_fds(connection, [text], [0, 1, 2])
        connection.sendall(text[sent:])
        status = connection.recv(1)
        if not status:
            sys.exit("s3.py: the serving process died in the middle")
        return status[0]


def main(argv):
    if argv[:1] == ["serve"]:
        import site

        site.main()  # -S: the quick way for a command that is run elsewhere
        serve(argv[1])
    path = os.environ.get("S3_PY_SOCKET")
    if path:
        return ask(path, argv)
    import site

    site.main()
    return run(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
