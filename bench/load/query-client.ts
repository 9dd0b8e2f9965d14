import { Agent, request } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

export interface Answer {
  readonly status: number;
  readonly millis: number;
  /** As sent, compressed. */
  readonly bytes: number;
}

/** Asks once, as a browser does, and reads the answer without unpacking it. */
export function ask(url: string, encoding = 'gzip, deflate, br'): Promise<Answer> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { accept: 'application/vnd.flame.v1, application/json', 'accept-encoding': encoding };
    const asked = request(url, { agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const body = Buffer.concat(chunks);
        const status = response.statusCode ?? 0;
        if (status !== 200) reject(new Error(`${status} ${url}\n${body.toString().slice(0, 500)}`));
        else resolve({ status, millis: performance.now() - start, bytes: body.length });
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}
