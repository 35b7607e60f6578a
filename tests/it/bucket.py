"""An S3 service for the stories: moto, with a bucket, a user who may write into it, and a log of what was asked.

Usage: bucket.py PORT FOLDER. It says `PORT ACCESS_KEY SECRET_KEY` in one line, writes FOLDER/requests (a line of JSON for each request),
and answers 503 as long as FOLDER/away is there.
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

folder = pathlib.Path(sys.argv[2])
service = DomainDispatcherApplication(create_backend_app)
told = threading.Lock()


def answer(environ, begin):
    heard = []

    def noted(status, headers, *more):
        heard.append(status)
        return begin(status, headers, *more)

    if (folder / "away").exists():
        noted("503 Service Unavailable", [("content-type", "application/xml")])
        body = [b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"]
    else:
        body = service(environ, noted)
    asked = {"method": environ["REQUEST_METHOD"], "path": environ["PATH_INFO"], "status": int(heard[0].split()[0])}
    with told, (folder / "requests").open("a") as log:
        log.write(json.dumps(asked) + "\n")
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


def held():
    """Everything in the bucket, as a JSON object by name."""
    settings.INITIAL_NO_AUTH_ACTION_COUNT = float("inf")
    found = {}
    for entry in objects.list_objects_v2(Bucket="news").get("Contents", []):
        it = objects.get_object(Bucket="news", Key=entry["Key"])
        (folder / "object").mkdir(exist_ok=True)
        file = f"object/{len(found)}"
        (folder / file).write_bytes(it["Body"].read())
        found[entry["Key"]] = {
            "type": it["ContentType"],
            "cache": it.get("CacheControl", ""),
            "encoding": it.get("ContentEncoding", ""),
            "file": file,
        }
    strict()
    return found


def strict():
    """From here on who has no valid key is refused."""
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0.0
    ActionAuthenticatorMixin.request_count = 0


strict()
(folder / "requests").write_text("")
print(server.server_port, key["AccessKeyId"], key["SecretAccessKey"], flush=True)
for _ in sys.stdin:
    before = (folder / "requests").read_text()
    print(json.dumps(held()), flush=True)
    (folder / "requests").write_text(before)
