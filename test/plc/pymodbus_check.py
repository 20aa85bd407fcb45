"""Reads and writes a Goodpart Modbus server with pymodbus and prints what it saw as one JSON line."""
import json
import struct
import sys
import time

from pymodbus.client import ModbusTcpClient

port, order = int(sys.argv[1]), sys.argv[2]
client = ModbusTcpClient("127.0.0.1", port=port, timeout=3)
assert client.connect()
unit = 1


def swap(word):
    return (word & 0xFF) << 8 | word >> 8


def pair(registers, at):
    first, second = registers[at], registers[at + 1]
    if order == "CDAB":
        first, second = second, first
    elif order == "BADC":
        first, second = swap(first), swap(second)
    elif order == "DCBA":
        first, second = swap(second), swap(first)
    return struct.pack(">HH", first, second)


def code(response):
    return getattr(response, "exception_code", None)


block = client.read_holding_registers(0, 100, slave=unit).registers
inputs = client.read_input_registers(0, 100, slave=unit).registers
text = b"".join(struct.pack(">H", word) for word in block[45:77])
seen = {
    "proofWord": struct.unpack(">I", pair(block, 18))[0],
    "proofFloat": struct.unpack(">f", pair(block, 20))[0],
    "sequence": block[22],
    "sequenceAgain": block[77],
    "triggerId": block[23],
    "code": block[24],
    "accept": block[26],
    "severityX1000": block[27],
    "severity": struct.unpack(">f", pair(block, 28))[0],
    "time": struct.unpack(">I", pair(block, 35))[0],
    "partId": text[: block[44]].decode("utf8"),
    "fc4": [a == b for a, b in zip(block, inputs)].count(False) <= 2,
    "coils": client.read_coils(0, 32, slave=unit).bits[:32],
    "discrete": client.read_discrete_inputs(0, 32, slave=unit).bits[:32],
    "word": block[2],
    "roi": client.read_holding_registers(100, 64, slave=unit).registers[:8],
    "ring": client.read_holding_registers(300, 40, slave=unit).registers[:5],
}
seen["exceptions"] = {
    "gap": code(client.read_holding_registers(164, 1, slave=unit)),
    "across": code(client.read_holding_registers(90, 80, slave=unit)),
    "other slot": code(client.read_holding_registers(1000, 10, slave=unit)),
    "write result": code(client.write_register(24, 1, slave=unit)),
    "write across": code(client.write_registers(239, [1, 2, 3], slave=unit)),
    "coil": code(client.write_coil(3, True, slave=unit)),
    "read coil": code(client.read_coils(40, 1, slave=unit)),
}


def answer(at, expected):
    """The two registers once the first is as expected: the station answers a write within milliseconds, not before its echo."""
    until = time.monotonic() + 5
    while True:
        registers = client.read_holding_registers(at, 2, slave=unit).registers
        if registers[0] == expected or time.monotonic() > until:
            return registers
        time.sleep(0.005)


client.write_register(203, 5, slave=unit)
seen["refused"] = answer(10, 5)
client.write_register(203, 0, slave=unit)
seen["idle"] = answer(10, 0)
part = b"PY-1".ljust(64, b"\0")
client.write_registers(200, [901, 7, 0, 0, 0, 1, 0, 0, 4, *struct.unpack(">32H", part)], slave=unit)
seen["rejected"] = answer(15, 901)
seen["echo"] = client.read_holding_registers(200, 11, slave=unit).registers
client.write_coils(200, [True, False], slave=unit)
seen["simple"] = answer(15, 902)
after = client.read_holding_registers(0, 100, slave=unit).registers
seen["missed"] = struct.unpack(">I", pair(after, 88))[0]
seen["simpleCoils"] = client.read_coils(200, 2, slave=unit).bits[:2]
print(json.dumps(seen))
client.close()
