// One room's bench or soak in this process: `run-room.mjs <compiled module> <exported function> [arguments as JSON]`.
// Its result goes to the parent over IPC, so that whatever the room prints stays for people.
import { createRequire } from 'node:module';

const [module, name, args = '[]'] = process.argv.slice(2);
const result = await createRequire(import.meta.url)(module)[name](...JSON.parse(args));
process.send({ result }, () => process.exit(0));
