// npm start: packages, Node and a build where they are missing, then the demo station with the options passed on.
import { bootstrap, failed } from './bootstrap.mjs';

bootstrap(import.meta.url)
  .then(() => import('./demo.mjs'))
  .catch(failed);
