"""The stock Python client under remote control; the lines that it reads and prints are told in ../README.md."""

import asyncio
import base64
import dataclasses
import importlib.metadata
import json
import sys
from typing import Any, Dict, Optional

import centrifuge

asked: Dict[int, "asyncio.Future[Optional[str]]"] = {}
clients: Dict[str, "Client"] = {}


def say(line: Dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def error_of(error: BaseException) -> Dict[str, Any]:
    """The error's own code where the server gave one; what the client makes up itself is 0."""
    if isinstance(error, centrifuge.ReplyError):
        return {"code": error.code, "message": error.message}
    return {"code": 0, "message": str(error)}


class Client:
    """One client of the program, with whatever it has subscribed to."""

    def __init__(self, name: str, options: Dict[str, Any]) -> None:
        self._name = name
        self._protobuf = options.get("protobuf", False)
        self._client = centrifuge.Client(
            options["url"],
            events=ClientEvents(self),
            token=options.get("token", ""),
            get_token=self._get_token if options.get("asks") else None,
            use_protobuf=self._protobuf,
            data=self.outgoing(options["data"]) if "data" in options else None,
            max_server_ping_delay=options.get("pingDelayMs", 10_000) / 1_000,
            min_reconnect_delay=0.05,
            max_reconnect_delay=0.2,
            proxy=None,
        )

    def say(self, event: str, **more: Any) -> None:
        say({"of": self._name, "event": event, **more})

    async def ask(self, channel: Optional[str] = None) -> str:
        number = len(asked) + 1
        asked[number] = asyncio.get_running_loop().create_future()
        say({"of": self._name, "ask": number, "channel": channel})
        token = await asked[number]
        if token is None:
            raise centrifuge.UnauthorizedError("refused")
        return token

    async def _get_token(self) -> str:
        return await self.ask()

    def outgoing(self, data: Any) -> Any:
        """Payloads are bytes to the client that speaks Protobuf, and JSON to the driver."""
        return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode() if self._protobuf else data

    def incoming(self, data: Any) -> Any:
        if not isinstance(data, bytes):
            return data
        if not data:
            return None
        try:
            return json.loads(data)
        except ValueError:
            return {"bytes": base64.b64encode(data).decode()}

    def info(self, info: Optional[centrifuge.ClientInfo]) -> Optional[Dict[str, Any]]:
        if info is None:
            return None
        return {
            "user": info.user,
            "client": info.client,
            "conn": self.incoming(info.conn_info),
            "chan": self.incoming(info.chan_info),
        }

    def publication(self, publication: centrifuge.Publication) -> Dict[str, Any]:
        return {
            "data": self.incoming(publication.data),
            "offset": publication.offset,
            "tags": publication.tags,
            "info": self.info(publication.info),
        }

    def subscribed(self, context: Any) -> Dict[str, Any]:
        position = context.stream_position
        return {
            "wasRecovering": context.was_recovering,
            "recovered": context.recovered,
            "recoverable": context.recoverable,
            "positioned": context.positioned,
            "position": dataclasses.asdict(position) if position else None,
            "data": self.incoming(context.data),
        }

    async def connect(self) -> None:
        await self._client.connect()

    async def disconnect(self) -> None:
        await self._client.disconnect()

    async def subscribe(self, channel: str, **options: Any) -> None:
        tag = options.get("tag")

        async def get_state(_channel: str) -> centrifuge.StreamPosition:
            return centrifuge.StreamPosition(**options["state"])

        subscription = self._client.new_subscription(
            channel,
            events=SubscriptionEvents(self, channel, options.get("brief", False)),
            token=options.get("token", ""),
            get_token=self.ask if options.get("asks") else None,
            data=self.outgoing(options["data"]) if "data" in options else None,
            min_resubscribe_delay=0.05,
            max_resubscribe_delay=0.2,
            positioned=options.get("positioned", False),
            recoverable=options.get("recoverable", False),
            join_leave=options.get("joinLeave", False),
            delta=centrifuge.DeltaType.FOSSIL if options.get("delta") == "fossil" else None,
            tags_filter=centrifuge.Filter.eq(tag["key"], tag["value"]) if tag else None,
            get_state=get_state if "state" in options else None,
        )
        await subscription.subscribe()

    async def resubscribe(self, channel: str) -> None:
        await self._client.get_subscription(channel).subscribe()

    async def unsubscribe(self, channel: str) -> None:
        await self._client.get_subscription(channel).unsubscribe()

    async def publish(self, channel: str, data: Any) -> None:
        await self._client.publish(channel, self.outgoing(data))

    async def presence(self, channel: str) -> Any:
        return [self.info(one) for one in (await self._client.presence(channel)).clients.values()]

    async def presence_stats(self, channel: str) -> Any:
        stats = await self._client.presence_stats(channel)
        return {"clients": stats.num_clients, "users": stats.num_users}

    async def history(self, channel: str, limit: int = 0, reverse: bool = False, since: Any = None) -> Any:
        position = centrifuge.StreamPosition(**since) if since else None
        result = await self._client.history(channel, limit=limit, since=position, reverse=reverse)
        publications = [self.publication(one) for one in result.publications]
        return {"publications": publications, "offset": result.offset, "epoch": result.epoch}

    async def rpc(self, method: str, data: Any) -> Any:
        return {"data": self.incoming((await self._client.rpc(method, self.outgoing(data))).data)}


class ClientEvents(centrifuge.ClientEventHandler):
    def __init__(self, client: Client) -> None:
        self._client = client

    async def on_connecting(self, ctx: centrifuge.ConnectingContext) -> None:
        self._client.say("connecting", code=ctx.code, reason=ctx.reason)

    async def on_connected(self, ctx: centrifuge.ConnectedContext) -> None:
        self._client.say("connected", client=ctx.client, data=self._client.incoming(ctx.data))

    async def on_disconnected(self, ctx: centrifuge.DisconnectedContext) -> None:
        self._client.say("disconnected", code=ctx.code, reason=ctx.reason)

    async def on_error(self, ctx: centrifuge.ErrorContext) -> None:
        self._client.say("error", error=error_of(ctx.error))

    async def on_subscribing(self, ctx: centrifuge.ServerSubscribingContext) -> None:
        self._client.say("server-subscribing", channel=ctx.channel)

    async def on_subscribed(self, ctx: centrifuge.ServerSubscribedContext) -> None:
        self._client.say("server-subscribed", channel=ctx.channel, **self._client.subscribed(ctx))

    async def on_unsubscribed(self, ctx: centrifuge.ServerUnsubscribedContext) -> None:
        self._client.say("server-unsubscribed", channel=ctx.channel)

    async def on_publication(self, ctx: centrifuge.ServerPublicationContext) -> None:
        self._client.say("server-publication", channel=ctx.channel, **self._client.publication(ctx.pub))

    async def on_join(self, ctx: centrifuge.ServerJoinContext) -> None:
        self._client.say("server-join", channel=ctx.channel, info=self._client.info(ctx.info))

    async def on_leave(self, ctx: centrifuge.ServerLeaveContext) -> None:
        self._client.say("server-leave", channel=ctx.channel, info=self._client.info(ctx.info))


class SubscriptionEvents(centrifuge.SubscriptionEventHandler):
    def __init__(self, client: Client, channel: str, brief: bool) -> None:
        self._client = client
        self._channel = channel
        self._brief = brief

    def _say(self, event: str, **more: Any) -> None:
        self._client.say(event, channel=self._channel, **more)

    async def on_subscribing(self, ctx: centrifuge.SubscribingContext) -> None:
        self._say("subscribing", code=ctx.code, reason=ctx.reason)

    async def on_subscribed(self, ctx: centrifuge.SubscribedContext) -> None:
        self._say("subscribed", **self._client.subscribed(ctx))

    async def on_unsubscribed(self, ctx: centrifuge.UnsubscribedContext) -> None:
        self._say("unsubscribed", code=ctx.code, reason=ctx.reason)

    async def on_publication(self, ctx: centrifuge.PublicationContext) -> None:
        told = self._client.publication(ctx.pub)
        if self._brief:
            told["data"] = {"n": told["data"]["n"]}
        self._say("publication", **told)

    async def on_join(self, ctx: centrifuge.JoinContext) -> None:
        self._say("join", info=self._client.info(ctx.info))

    async def on_leave(self, ctx: centrifuge.LeaveContext) -> None:
        self._say("leave", info=self._client.info(ctx.info))

    async def on_error(self, ctx: centrifuge.SubscriptionErrorContext) -> None:
        self._say("subscription-error", error=error_of(ctx.error))


async def answer(command: Dict[str, Any]) -> None:
    number, name, operation = command.pop("id"), command.pop("client"), command.pop("op")
    try:
        if operation == "create":
            clients[name] = Client(name, command)
            say({"answer": number, "result": None})
        else:
            say({"answer": number, "result": await getattr(clients[name], operation)(**command)})
    except Exception as error:  # Whatever the client raises is an answer to the driver.
        say({"answer": number, "error": error_of(error)})


async def main() -> None:
    reader = asyncio.StreamReader(limit=16 * 1024 * 1024)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    say(
        {
            "sdk": "centrifuge-python",
            "version": importlib.metadata.version("centrifuge-python"),
            "can": ["protobuf", "delta", "filter"],
        }
    )
    running = set()
    while line := await reader.readline():
        command = json.loads(line)
        if "asked" in command:
            asked[command["asked"]].set_result(command.get("token"))
            continue
        task = asyncio.ensure_future(answer(command))
        running.add(task)
        task.add_done_callback(running.discard)


asyncio.run(main())
