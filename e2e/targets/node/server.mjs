// A Node service that can be profiled: two paths, as net/http/pprof has them.
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { encode, heap, time } from '@datadog/pprof';

heap.start(512 * 1024, 64);

const profiles = {
  '/debug/pprof/profile': async (seconds) => {
    time.start({ intervalMicros: 10_000, durationMillis: seconds * 1000 });
    await sleep(seconds * 1000);
    return encode(time.stop());
  },
  '/debug/pprof/heap': () => encode(heap.profile()),
};

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://localhost');
  const take = profiles[url.pathname];
  try {
    if (take) response.end(await take(Number(url.searchParams.get('seconds') ?? 10)));
    else response.writeHead(404).end();
  } catch (error) {
    response.writeHead(500, { 'content-type': 'text/plain' }).end(String(error));
  }
});
server.listen(process.env.PORT ?? 8080, '127.0.0.1', () => {
  console.log(`listening on 127.0.0.1:${server.address().port}`);
});

// Work to look at: some sorting and JSON, about a twentieth of a core.
function sortOrders() {
  const orders = Array.from({ length: 2000 }, (_, id) => ({ id, total: Math.random() }));
  orders.sort((a, b) => a.total - b.total);
  return JSON.stringify(orders).length;
}
setInterval(sortOrders, 50);
