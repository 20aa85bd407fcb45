"""
A PLC as Modbus TCP server (pymodbus), for a client under test. Prints each write as one JSON line
{"write": first register, "words": [...], "connections": n} in the order in which it took effect, and answers orders, one JSON line each on stdin:
{"get": [first, count]}, {"set": [first, [words]]}, {"slow": ms}, {"rom": true}, {"drop": true}, {"connections": true}.
Arguments: port, registers.
"""
import asyncio
import json
import sys
import threading
import time

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartAsyncTcpServer

port, size = int(sys.argv[1]), int(sys.argv[2])


def say(what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


class Memory(ModbusSequentialDataBlock):
    slow = 0
    rom = False
    reads = 0
    connections = {}

    def getValues(self, address, count=1):
        time.sleep(self.slow / 1000)
        self.reads += 1
        return super().getValues(address, count)

    def setValues(self, address, values):
        time.sleep(self.slow / 1000)
        if self.rom:
            return
        super().setValues(address, values)
        say({"write": address, "words": values, "connections": len(self.connections)})


async def main():
    memory = Memory(0, [0] * size)
    context = ModbusServerContext(slaves=ModbusSlaveContext(hr=memory, zero_mode=True), single=True)
    server = await StartAsyncTcpServer(
        context, address=("127.0.0.1", port), defer_start=True, allow_reuse_address=True
    )

    memory.connections = server.active_connections

    def obey(order):
        if "get" in order:
            first, count = order["get"]
            return memory.values[first : first + count]
        if "set" in order:
            first, words = order["set"]
            memory.values[first : first + len(words)] = words
        if "slow" in order:
            memory.slow = order["slow"]
        if "rom" in order:
            memory.rom = order["rom"]
        if "drop" in order:
            for handler in list(server.active_connections.values()):
                handler.transport.abort()
        return {"connections": len(server.active_connections), "reads": memory.reads}

    loop = asyncio.get_running_loop()

    def listen():
        for line in sys.stdin:
            loop.call_soon_threadsafe(lambda order=json.loads(line): say({"answer": obey(order)}))
        loop.call_soon_threadsafe(loop.stop)

    threading.Thread(target=listen, daemon=True).start()
    serving = asyncio.create_task(server.serve_forever())
    await server.serving
    say({"ready": True})
    await serving


try:
    asyncio.run(main())
except RuntimeError:
    pass  # stopped
