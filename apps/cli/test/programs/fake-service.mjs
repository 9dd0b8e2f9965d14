// A stand-in for a service. FAKE_PORT: where it answers /healthz and /readyz. FAKE_BEHAVIOUR: how it misbehaves.
import { existsSync, appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

const { FAKE_PORT, FAKE_BEHAVIOUR, FAKE_JOURNAL, FAKE_NAME } = process.env;
const note = (what) => appendFileSync(FAKE_JOURNAL, `${FAKE_NAME} ${what} ${process.pid}\n`);
const log = (level, msg, more) => process.stdout.write(`${JSON.stringify({ level, msg, ...more })}\n`);

if (FAKE_BEHAVIOUR === 'cannot-start' || existsSync(`${FAKE_JOURNAL}.newer`)) {
  log(30, 'reading the settings');
  log(60, 'The store is of a newer version.', { hint: 'Upgrade Everflame.' });
  process.exit(2);
}
if (FAKE_BEHAVIOUR === 'cannot-start-yet' && !existsSync(`${FAKE_JOURNAL}.mended`)) {
  note('failed');
  process.exit(1);
}
if (FAKE_BEHAVIOUR === 'busy-once' && !existsSync(`${FAKE_JOURNAL}.busy`)) {
  appendFileSync(`${FAKE_JOURNAL}.busy`, '');
  process.exit(3);
}
if (FAKE_BEHAVIOUR === 'deaf-once' && !existsSync(`${FAKE_JOURNAL}.deaf`)) {
  appendFileSync(`${FAKE_JOURNAL}.deaf`, '');
  process.kill(process.pid, 'SIGSTOP');
}

const server = createServer((request, response) => {
  if (request.url === '/die') {
    log(50, 'out of luck', { err: { message: 'the sky fell' } });
    process.exit(7);
  }
  const isReady = FAKE_BEHAVIOUR !== 'ready-later' || existsSync(`${FAKE_JOURNAL}.mended`);
  response.statusCode = isReady || request.url === '/healthz' ? 200 : 503;
  response.end('{"status":"as told","checks":{"spool":"ok","store":"is away"}}', () => {
    if (FAKE_BEHAVIOUR === 'always-dies') setTimeout(() => process.exit(7), 50);
  });
});
server.listen(Number(FAKE_PORT), '127.0.0.1', () => note('up'));

function stop() {
  if (FAKE_BEHAVIOUR === 'stubborn') return;
  note('stopped');
  process.exit(0);
}
process.on('SIGTERM', stop);
process.on('disconnect', stop);
