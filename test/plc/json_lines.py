"""What the Python clients under test share: one JSON request per line, one JSON answer per line; see json-peer.ts."""
import asyncio
import json
import sys


def serve(run):
    """Answers requests by the coroutine `run` until the input ends."""

    async def main():
        loop = asyncio.get_running_loop()
        while True:
            line = await loop.run_in_executor(None, sys.stdin.readline)
            if not line:
                return
            o = json.loads(line)
            try:
                answer = {"id": o["id"], "result": await run(o)}
            except Exception as error:  # whatever the peer was refused with is the answer
                answer = {"id": o["id"], "error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer, default=str), flush=True)

    asyncio.run(main())
