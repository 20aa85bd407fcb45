"""
A PLC as OPC UA server (asyncua), for a client under test. Prints each Write request as one JSON line {"write": [[name, value], ...]} in
the order in which they came, and answers orders, one JSON line each on stdin: {"get": [names]}, {"set": [[name, value], ...]},
{"slow": ms}, {"drop": true}, {}. Argument: JSON with port, tags ([name, type, count]) and, where wanted, readonly (names), users
(name: password), pki (a folder for its certificate; then only SignAndEncrypt).
"""
import asyncio
import json
import logging
import sys
import threading
import time
from pathlib import Path

from asyncua import Server, ua
from asyncua.common.callback import CallbackType
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.permission_rules import User, UserRole
from cryptography.x509.oid import ExtendedKeyUsageOID

logging.disable(logging.CRITICAL)
options = json.loads(sys.argv[1])
defaults = {"Boolean": False, "String": "", "DateTime": ua.DateTime(1970, 1, 1)}


def say(what):
    sys.stdout.write(json.dumps(what, default=str) + "\n")
    sys.stdout.flush()


class Users:
    def get_user(self, iserver, username=None, password=None, certificate=None):
        if options["users"].get(username) == password and username is not None:
            return User(role=UserRole.User)
        return None


async def main():
    users = Users() if options.get("users") else None
    server = Server(user_manager=users)
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{options['port']}")
    if options.get("pki"):
        pki = Path(options["pki"])
        uri = "urn:fake:plc"
        await server.set_application_uri(uri)
        await setup_self_signed_certificate(
            pki / "key.pem", pki / "cert.der", uri, "localhost", [ExtendedKeyUsageOID.SERVER_AUTH],
            {"countryName": "DE", "commonName": "Fake PLC"},
        )
        server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
        await server.load_certificate(str(pki / "cert.der"))
        await server.load_private_key(str(pki / "key.pem"))
    else:
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    space = await server.register_namespace("urn:fake:plc:tags")
    folder = await server.nodes.objects.add_object(space, "Goodpart")
    nodes, names = {}, {}
    slow = 0
    for name, kind, count in options["tags"]:
        group, own = name.split(".")
        node_id = ua.NodeId(f'"Goodpart"."{group}"."{own}"', space)
        one = defaults.get(kind, 0)
        value = ua.Variant([one] * count if count > 1 else one, ua.VariantType[kind])
        node = await folder.add_variable(node_id, name, value)
        if name not in options.get("readonly", []):
            await node.set_writable()
        nodes[name], names[node_id] = node, name

    async def wrote(event, dispatcher=None):
        if not event.is_external:
            return
        items = event.request_params.NodesToWrite
        written = [[names[item.NodeId], item.Value.Value.Value] for item in items if item.NodeId in names]
        extra = [item for item in items if item.Value.SourceTimestamp or item.Value.ServerTimestamp]
        if written:
            say({"write": written, "stamped": len(extra)})
        if slow:
            time.sleep(slow / 1000)

    server.subscribe_server_callback(CallbackType.PreWrite, wrote)

    async def obey(order):
        nonlocal slow
        if "get" in order:
            return [await nodes[name].read_value() for name in order["get"]]
        for name, value in order.get("set", []):
            kind = await nodes[name].read_data_type_as_variant_type()
            await nodes[name].write_value(ua.Variant(value, kind))
        if "slow" in order:
            slow = order["slow"]
        if "drop" in order:
            for client in list(server.bserver.clients):
                client.transport.abort()
        return {"connections": len(server.bserver.clients)}

    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    async def answer(order):
        try:
            say({"answer": await obey(order)})
        except Exception as error:
            say({"answer": {"error": repr(error)}})

    def listen():
        for line in sys.stdin:
            asyncio.run_coroutine_threadsafe(answer(json.loads(line)), loop)
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=listen, daemon=True).start()
    async with server:
        say({"ready": True})
        await stop.wait()


asyncio.run(main())
