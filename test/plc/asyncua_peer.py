"""An OPC UA client (asyncua) that reads one JSON request per line and answers one JSON line; see asyncua-peer.ts."""
import asyncio
import datetime
import logging

from asyncua import Client, ua
from asyncua.crypto import security_policies
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from json_lines import serve

logging.disable(logging.CRITICAL)
clients = {}
heard = []
qualities = []


def make_certificate(o):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    now = datetime.datetime.now(datetime.timezone.utc)
    start, end = (-20, -10) if o.get("expired") else (-1, 30)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, o.get("name", "peer"))])
    usage = dict(digital_signature=True, content_commitment=True, key_encipherment=True, data_encipherment=True)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=start)).not_valid_after(now + datetime.timedelta(days=end))
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(o["uri"])]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(x509.KeyUsage(key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False,
                                     decipher_only=False, **usage), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False)
        .sign(key, hashes.SHA256())
    )
    with open(o["file"] + ".der", "wb") as file:
        file.write(certificate.public_bytes(serialization.Encoding.DER))
    with open(o["file"] + ".key", "wb") as file:
        file.write(key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption()))
    return certificate.fingerprint(hashes.SHA1()).hex().upper()


async def connect(o):
    client = Client(o["url"], timeout=o.get("timeout", 8))
    client.application_uri = o.get("uri", "urn:peer")
    if o.get("policy"):
        policy = getattr(security_policies, "SecurityPolicy" + o["policy"])
        mode = getattr(ua.MessageSecurityMode, o.get("mode", "SignAndEncrypt"))
        await client.set_security(policy, o["cert"] + ".der", o["cert"] + ".key", mode=mode)
    if "user" in o:
        client.set_user(o["user"])
        client.set_password(o["password"])
    await client.connect()
    clients[o.get("as", "main")] = client
    return "connected"


def write_value(node, kind, value):
    variant = ua.Variant(value, getattr(ua.VariantType, kind))
    return ua.WriteValue(ua.NodeId.from_string("ns=1;s=" + node), ua.AttributeIds.Value, None, ua.DataValue(variant))


async def write(client, values):
    parameters = ua.WriteParameters()
    parameters.NodesToWrite = [write_value(*value) for value in values]
    return [code.name for code in await client.uaclient.write(parameters)]


async def read(client, nodes):
    found = []
    for node in nodes:
        value = await client.get_node("ns=1;s=" + node).read_data_value(raise_on_bad_status=False)
        found.append([value.Value.Value if value.Value else None, value.StatusCode.name])
    return found


async def run(o):
    op = o["op"]
    client = clients.get(o.get("as", "main"))
    if op == "certificate":
        return make_certificate(o)
    if op == "connect":
        return await connect(o)
    if op == "endpoints":
        found = await Client(o["url"], timeout=8).connect_and_get_server_endpoints()
        return [[e.SecurityPolicyUri.rsplit("#")[-1], e.SecurityMode.name, e.Server.ApplicationUri] for e in found]
    if op == "read":
        return await read(client, o["nodes"])
    if op == "write":
        return await write(client, o["values"])
    if op == "writes":  # several requests without waiting for an answer: one TCP segment where the socket allows it
        return await asyncio.gather(*(write(client, values) for values in o["requests"]))
    if op == "flood":  # asks much and reads nothing
        client.uaclient.protocol.transport.pause_reading()
        parameters = ua.ReadParameters()
        one = ua.ReadValueId()
        one.NodeId = ua.NodeId.from_string("ns=1;s=" + o["node"])
        one.AttributeId = ua.AttributeIds.Value
        parameters.NodesToRead = [one] * 500
        for _ in range(o["count"]):
            request = ua.ReadRequest()
            request.Parameters = parameters
            client.uaclient.protocol._send_request(request)
            await asyncio.sleep(0)
        return "asked"
    if op == "subscribe":
        class Handler:
            def datachange_notification(self, node, value, data):
                heard.append(value)
                qualities.append(data.monitored_item.Value.StatusCode.name)
        subscription = await client.create_subscription(50, Handler())
        await subscription.subscribe_data_change(client.get_node("ns=1;s=" + o["node"]))
        return "subscribed"
    if op == "heard":
        return heard
    if op == "qualities":
        return qualities
    if op == "disconnect":
        await clients.pop(o.get("as", "main")).disconnect()
        return "gone"
    raise ValueError(op)


serve(run)
