"""A little Discourse for tests: it answers, refuses and delivers hooks as Discourse documents.

Written from docs.discourse.org and the published source; it knows what these tests need, no more.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from tonecheck.signatures import sign

KEY = "forum-key"
ACTIONS = {  # an action of a reviewer: the status that it leads to, and whether the post goes
    "agree_and_keep": (1, False),
    "delete_and_agree": (1, True),
    "disagree": (2, False),
    "ignore_and_do_nothing": (3, False),
}


class Json(JSONResponse):
    media_type = "application/json; charset=utf-8"  # pydiscourse insists on this very string


def invalid_access() -> Json:
    errors = {"errors": ["You are not permitted to view the requested resource."]}
    return Json(errors | {"error_type": "invalid_access"}, 403)


@dataclass
class DiscourseForum:
    """Attributes that tests set or look at; `broken` answers 500 to that path."""

    address: str = ""
    hook: str = ""
    secret: str = "hush"
    broken: str = ""
    posts: dict[int, dict[str, Any]] = field(default_factory=dict)
    flags: list[dict[str, str]] = field(default_factory=list)
    reviewables: dict[int, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    answers: list[httpx.Response] = field(default_factory=list)
    events: int = 0

    def deliver(self, kind: str, name: str, thing: Any, **headers: str) -> httpx.Response:
        """Deliver an event, and keep and return the answer."""
        self.events += 1
        body = json.dumps({kind: thing}).encode()
        sent = {
            "Content-Type": "application/json",
            "X-Discourse-Instance": self.address,
            "X-Discourse-Event-Id": str(self.events),
            "X-Discourse-Event-Type": kind,
            "X-Discourse-Event": name,
            "X-Discourse-Event-Signature": sign(self.secret, body),
        }
        answer = httpx.post(self.hook, content=body, headers=sent | headers, timeout=20)
        self.answers.append(answer)
        return answer

    def write(self, author: str, raw: str, **more: Any) -> dict[str, Any]:
        """Keep a post, without an event."""
        number = len(self.posts) + 1
        moment = (datetime(2026, 9, 1, tzinfo=UTC) + timedelta(minutes=number)).isoformat()
        topic = int(more.get("topic_id") or number)
        post = {
            "id": number,
            "username": author,
            "name": author.title(),
            "user_id": number,
            "cooked": f"<p>{raw}</p>",
            "raw": raw,
            "post_number": 1 + sum(p["topic_id"] == topic for p in self.posts.values()),
            "post_type": 1,
            "created_at": moment,
            "updated_at": moment,
            "reply_to_post_number": None,
            "topic_id": topic,
            "topic_slug": "week-1",
            "topic_title": "Week 1",
            "topic_archetype": "regular",
            "version": 1,
            "staff": False,
            "admin": False,
            "moderator": False,
            "hidden": False,
            "user_deleted": False,
            "deleted_at": None,
        }
        self.posts[number] = post | more | {"topic_id": topic}
        return self.posts[number]

    def touch(self, post: dict[str, Any], **changes: Any) -> None:
        moment = datetime.fromisoformat(post["updated_at"]) + timedelta(hours=1)
        post.update(changes, updated_at=moment.isoformat())


def make_app(forum: DiscourseForum) -> FastAPI:
    """Return the forum's API."""
    app = FastAPI(default_response_class=Json)

    @app.middleware("http")
    async def look(request: Request, call_next):
        path = request.url.path
        forum.asked.append(f"{request.method} {path}")
        if path == forum.broken:
            return Json({"errors": ["broken"]}, 500)
        if request.headers.get("api-key") != KEY or not request.headers.get("api-username"):
            return invalid_access()
        return await call_next(request)

    add_posts(app, forum)
    add_review(app, forum)
    return app


def add_posts(app: FastAPI, forum: DiscourseForum) -> None:
    def found(post: dict[str, Any] | None) -> Any:
        if post is None:
            return Json({"errors": ["not found"], "error_type": "not_found"}, 404)
        done = [
            {"id": int(flag["post_action_type_id"]), "acted": True}
            for flag in forum.flags
            if flag["id"] == str(post["id"])
        ]
        return post | {"actions_summary": done}

    @app.get("/posts/by_number/{topic}/{number}")
    @app.get("/posts/by_number/{topic}/{number}.json")
    def by_number(topic: int, number: str):
        wanted = (topic, int(number.removesuffix(".json")))
        posts = forum.posts.values()
        return found(next((p for p in posts if (p["topic_id"], p["post_number"]) == wanted), None))

    @app.get("/posts/{number}.json")
    def by_id(number: int):
        return found(forum.posts.get(number))

    @app.post("/posts")  # Discourse takes every path with and without .json
    @app.post("/posts.json")
    async def create(request: Request):
        form = dict(await request.form())
        parent = form.get("reply_to_post_number")
        post = forum.write(
            request.headers["api-username"],
            str(form["raw"]),
            topic_id=form.get("topic_id"),
            reply_to_post_number=int(str(parent)) if parent else None,
        )
        await run_in_threadpool(lambda: forum.deliver("post", "post_created", post))
        return post

    @app.put("/posts/{number}")
    async def update(number: int, request: Request):
        raw = str((await request.form())["post[raw]"])
        post = forum.posts[number]
        forum.touch(post, raw=raw, cooked=f"<p>{raw}</p>", version=post["version"] + 1)
        await run_in_threadpool(lambda: forum.deliver("post", "post_edited", post))
        return {"post": post}


def add_review(app: FastAPI, forum: DiscourseForum) -> None:
    @app.post("/post_actions.json")
    async def flag(request: Request):
        form = {name: str(value) for name, value in (await request.form()).items()}
        same = ("id", "post_action_type_id")
        if any(all(old[name] == form[name] for name in same) for old in forum.flags):
            return Json({"errors": ["You've already performed this action."]}, 403)
        forum.flags.append(form)
        number = len(forum.reviewables) + 1
        forum.reviewables[number] = {
            "id": number,
            "type": "ReviewableFlaggedPost",
            "status": 0,
            "version": 0,
            "post_id": int(form["id"]),
            "reviewable_scores": [{"id": 1, "score": 1.0}],
        }
        return forum.posts[int(form["id"])]

    @app.get("/review.json")
    def review(status: str = "pending"):
        shown = [one for one in forum.reviewables.values() if one["status"] == 0]
        return {"reviewables": shown, "meta": {"load_more_reviewables": None}}

    @app.put("/review/{number}/perform/{action}")
    def perform(number: int, action: str, version: int | None = None):
        one = forum.reviewables[number]
        if version is None:
            return Json({"errors": ["missing version"]}, 422)
        if version != one["version"]:
            return Json({"errors": ["somebody else was faster"]}, 409)
        status, goes = ACTIONS[action]
        post = forum.posts[one["post_id"]]
        if goes:
            forum.touch(post, deleted_at=post["updated_at"])
            forum.deliver("post", "post_destroyed", post)
        one.update(status=status, version=version + 1)
        forum.deliver("reviewable", "reviewable_transitioned_to", one)
        return {"reviewable_perform_result": {"success": True, "version": one["version"]}}


@contextmanager
def serving(app: Any, **more: Any) -> Iterator[str]:
    """Serve an ASGI application on this machine; yields its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", **more))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
