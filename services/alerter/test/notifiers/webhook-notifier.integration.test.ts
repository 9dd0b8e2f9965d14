import { webhookPayloadSchema } from '@everflame/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpGrowthExplainer } from '../../src/rules/growth/http-growth-explainer.ts';
import { WebhookNotifier } from '../../src/notifiers/webhook/webhook-notifier.ts';
import { webhookPayloadOf } from '../../src/notifiers/webhook/webhook-payload.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { buildNotice } from '../support/notice-builder.ts';
import { PRINCIPAL } from '../support/record-builder.ts';
import { buildTopAnswer } from '../support/top-answer.ts';

const notice = buildNotice();
let receiver: Receiver;

beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

describe('the webhook notifier', () => {
  const send = (url = receiver.url): Promise<void> => new WebhookNotifier(500).send(notice, { url });

  it('posts the payload as JSON', async () => {
    await send(`${receiver.url}/hook?key=1`);
    expect(receiver.received).toHaveLength(1);
    const [{ method, path, body }] = receiver.received as [(typeof receiver.received)[0]];
    expect([method, path]).toEqual(['POST', '/hook?key=1']);
    expect(webhookPayloadSchema.parse(JSON.parse(body))).toEqual(webhookPayloadOf(notice));
  });

  it.each([500, 503, 429, 408])('may try again after status %i', async (status) => {
    receiver.answer = (reply) => reply.writeHead(status).end('overloaded\nright now');
    await expect(send()).rejects.toMatchObject({
      code: 'webhook_refused',
      isRetryable: true,
      message: `The webhook answered with status ${status}: overloaded right now.`,
    });
  });

  it.each([400, 401, 404, 410])('does not try again after status %i', async (status) => {
    receiver.answer = (reply) => reply.writeHead(status).end();
    await expect(send()).rejects.toMatchObject({ code: 'webhook_refused', isRetryable: false });
  });

  it('follows no redirect', async () => {
    receiver.answer = (reply) => reply.writeHead(307, { location: '/elsewhere' }).end();
    await expect(send()).rejects.toMatchObject({ isRetryable: false, message: /redirects are not followed/ });
    expect(receiver.received.map(({ path }) => path)).toEqual(['/']);
  });

  it('stops reading an endless answer', async () => {
    let isGone = false;
    receiver.answer = (reply) => {
      const timer = setInterval(() => reply.write('x'.repeat(512)), 1);
      reply.on('close', () => {
        isGone = true;
        clearInterval(timer);
      });
    };
    await send();
    await expect.poll(() => isGone).toBe(true);
  });

  it('gives up on a receiver that does not answer in time', async () => {
    receiver.answer = () => undefined;
    await expect(send()).rejects.toMatchObject({
      code: 'webhook_unavailable',
      isRetryable: true,
      message: /nothing within 500 ms/,
    });
  });

  it('says so when nobody listens', async () => {
    const { url } = receiver;
    await receiver.close();
    await expect(send(url)).rejects.toMatchObject({ code: 'webhook_unavailable', message: /ECONNREFUSED/ });
    receiver = await startReceiver();
  });

  it('says nothing of the address that a receiver repeats', async () => {
    receiver.answer = (reply, { path }) => reply.writeHead(404).end(`Cannot POST ${path}`);
    await expect(send(`${receiver.url}/services/T0001/xoxbSECRET?key=SECRET2`)).rejects.toMatchObject({
      message: 'The webhook answered with status 404: Cannot POST ….',
    });
  });

  it('sends user and password of the address as a login, and says nothing of them', async () => {
    const address = receiver.url.replace('//', '//bot:SECRET%20word@');
    await send(address);
    expect(receiver.received.map(({ authorization }) => authorization)).toEqual([
      `Basic ${Buffer.from('bot:SECRET word').toString('base64')}`,
    ]);
    await receiver.close();
    await expect(send(address)).rejects.toMatchObject({
      message: expect.not.stringContaining('SECRET') as string,
    });
    receiver = await startReceiver();
  });

  it('speaks http and https only', async () => {
    await expect(send('file:///etc/hostname')).rejects.toMatchObject({ code: 'invalid_webhook_url' });
  });
});

describe('the growth explainer', () => {
  const sides = { left_query: 'q', right_query: 'q' };
  const comparison = { ...sides, left_from: '1', left_to: '2', right_from: '3', right_to: '4' };
  const explain = () => new HttpGrowthExplainer(receiver.url, 500).explain(PRINCIPAL, comparison);

  it('asks for both sides and keeps the ten functions that grew most', async () => {
    const functions = Array.from({ length: 15 }, (_, i) => ({
      name: `f${i}`,
      before: 100,
      after: 90 + i * 5,
    }));
    receiver.answer = (reply) => reply.end(buildTopAnswer(functions));
    const grown = await explain();
    expect(grown).toHaveLength(10);
    expect(grown[0]).toEqual({ name: 'f14', file: 'main.go', before: 100, after: 160 });
    const { pathname, searchParams } = new URL(receiver.received[0]?.path ?? '', receiver.url);
    expect(pathname).toBe('/api/v1/top');
    expect(Object.fromEntries(searchParams)).toMatchObject({
      left_query: 'q',
      left_from: '1',
      right_to: '4',
    });
  });

  it('leaves out what did not grow', async () => {
    receiver.answer = (reply) => reply.end(buildTopAnswer([{ name: 'f', before: 5, after: 5 }]));
    expect(await explain()).toEqual([]);
  });

  it('is unavailable when the API is', async () => {
    receiver.answer = (reply) => reply.writeHead(503).end();
    await expect(explain()).rejects.toMatchObject({ code: 'query_unavailable' });
  });
});
