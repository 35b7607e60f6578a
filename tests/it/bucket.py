"""An S3 service for tests: moto, with a bucket, a user who may write to it, and a log of the requests.

Usage: bucket.py PORT DIRECTORY. Prints `PORT ACCESS_KEY SECRET_KEY` on one line, writes DIRECTORY/requests (one line of JSON per
request), and answers 503 as long as DIRECTORY/unavailable exists.
"""

import json
import os
import pathlib
import sys

os.environ.update(AWS_ACCESS_KEY_ID="root", AWS_SECRET_ACCESS_KEY="root", AWS_DEFAULT_REGION="us-east-1")

import boto3
from moto import settings
from moto.core.responses import ActionAuthenticatorMixin
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
import threading

directory = pathlib.Path(sys.argv[2])
service = DomainDispatcherApplication(create_backend_app)
log_lock = threading.Lock()


def answer(environ, begin):
    statuses = []

    def start_response(status, headers, *more):
        statuses.append(status)
        return begin(status, headers, *more)

    if (directory / "unavailable").exists():
        start_response("503 Service Unavailable", [("content-type", "application/xml")])
        body = [b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"]
    else:
        body = service(environ, start_response)
    request = {"method": environ["REQUEST_METHOD"], "path": environ["PATH_INFO"], "status": int(statuses[0].split()[0])}
    with log_lock, (directory / "requests").open("a") as log:
        log.write(json.dumps(request) + "\n")
    return body


class Silent(WSGIRequestHandler):
    def log(self, *_):
        pass


server = make_server("127.0.0.1", int(sys.argv[1]), answer, threaded=True, request_handler=Silent)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}"
boto3.client("s3", endpoint_url=address).create_bucket(Bucket="news")
users = boto3.client("iam", endpoint_url=address)
users.create_user(UserName="courant")
policy = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:PutObject", "s3:DeleteObject"], "Resource": "arn:aws:s3:::news/*"}],
}
users.put_user_policy(UserName="courant", PolicyName="write", PolicyDocument=json.dumps(policy))
key = users.create_access_key(UserName="courant")["AccessKey"]
objects = boto3.client("s3", endpoint_url=address)


def list_objects():
    """Returns all objects of the bucket by key."""
    settings.INITIAL_NO_AUTH_ACTION_COUNT = float("inf")
    found = {}
    for entry in objects.list_objects_v2(Bucket="news").get("Contents", []):
        item = objects.get_object(Bucket="news", Key=entry["Key"])
        (directory / "object").mkdir(exist_ok=True)
        file = f"object/{len(found)}"
        (directory / file).write_bytes(item["Body"].read())
        found[entry["Key"]] = {
            "type": item["ContentType"],
            "cache": item.get("CacheControl", ""),
            "encoding": item.get("ContentEncoding", ""),
            "file": file,
        }
    require_valid_keys()
    return found


def require_valid_keys():
    """Rejects requests without a valid key from now on."""
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0.0
    ActionAuthenticatorMixin.request_count = 0


require_valid_keys()
(directory / "requests").write_text("")
print(server.server_port, key["AccessKeyId"], key["SecretAccessKey"], flush=True)
for _ in sys.stdin:
    before = (directory / "requests").read_text()
    print(json.dumps(list_objects()), flush=True)
    (directory / "requests").write_text(before)
