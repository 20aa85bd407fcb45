"""A PLC's client in pymodbus or asyncua: one JSON request per line, one JSON answer per line; see plc-peer.ts.

A picture is the register block (100 words) and the ring (40 words), whichever protocol it came over.
"""
import asyncio
import logging

from json_lines import serve

logging.disable(logging.CRITICAL)
RING_LISTS = ["Sequence", "TriggerId", "Code", "Reason", "Severity"]


class Modbus:
    async def open(self, o):
        from pymodbus.client import AsyncModbusTcpClient

        self.client = AsyncModbusTcpClient("127.0.0.1", port=o["port"], timeout=3)
        if not await self.client.connect():
            raise ConnectionError("no connection")

    async def _registers(self, start, count):
        response = await self.client.read_holding_registers(start, count, 1)
        if response.isError():
            raise ConnectionError(str(response))
        return response.registers

    async def write(self, command):
        response = await self.client.write_registers(200, command["registers"], 1)
        if response.isError():
            raise ConnectionError(str(response))

    async def read(self):
        return [await self._registers(0, 100), await self._registers(300, 40)]

    async def close(self):
        result = self.client.close()
        if asyncio.iscoroutine(result):
            await result


class OpcUa:
    async def open(self, o):
        from asyncua import Client
        from asyncua.crypto import security_policies

        self.client = Client(o["url"], timeout=8)
        if "cert" in o:
            self.client.application_uri = o["uri"]
            await self.client.set_security(
                security_policies.SecurityPolicyBasic256Sha256, o["cert"] + ".der", o["cert"] + ".key")
            self.client.set_user(o["user"])
            self.client.set_password(o["password"])
        await self.client.connect()
        self.id = "ns=1;s=" + o["station"] + "."
        self.nodes = [self.client.get_node(self.id + name) for name in ["Image", *("Ring." + n for n in RING_LISTS)]]

    async def write(self, command):
        from asyncua import ua

        kinds = {int: ua.VariantType.UInt16, str: ua.VariantType.String}
        parameters = ua.WriteParameters()
        parameters.NodesToWrite = [
            ua.WriteValue(ua.NodeId.from_string(self.id + "Command." + name), ua.AttributeIds.Value, None,
                          ua.DataValue(ua.Variant(value, kinds[type(value)])))
            for name, value in command["members"]
        ]
        for code in await self.client.uaclient.write(parameters):
            code.check()

    async def read(self):
        image, *lists = await self.client.read_values(self.nodes)
        ring = []
        for entry in range(8):
            *whole, severity = (column[entry] for column in lists)
            ring += whole
            ring.append(65535 if severity < 0 else min(65534, round(severity * 1000)))
        return [image, ring]

    async def close(self):
        await self.client.disconnect()


peer = None


async def run(o):
    global peer
    if o["op"] == "open":
        peer = Modbus() if "port" in o else OpcUa()
        return await peer.open(o)
    if o["op"] == "exchange":
        await peer.write(o["command"])
        return await peer.read()
    if o["op"] == "read":
        return await peer.read()
    if o["op"] == "close":
        return await peer.close()
    raise ValueError(o["op"])


serve(run)
