import { createHash, randomUUID } from 'node:crypto';
import type { Logger } from '@everflame/service-kit';
import type { Redis, RedisConnections } from '@everflame/service-kit/redis';
import type { TargetOwnership } from '../application/ports.ts';
import type { Target } from '../application/target.ts';

const MEMBERS_CACHE_MS = 1000;
const MIN_CLAIM_SECONDS = 600;
const CLAIM_INTERVALS = 10;

/**
 * Gives every target to one live scraper by rendezvous hashing, so that few targets move when one comes or goes.
 * A scraper is alive while it is subscribed to its own channel; a message on it hands a target over.
 */
export class RedisOwnership implements TargetOwnership {
  readonly #instance = randomUUID();
  readonly #redis: RedisConnections;
  readonly #subscriber: Redis;
  readonly #channels: string;
  readonly #claims: string;
  readonly #logger: Logger;
  #members: readonly string[] = [];
  /** By `performance.now()`, which no setting of the clock moves. */
  #membersReadAt = -Infinity;

  constructor(redis: RedisConnections, prefix: string, logger: Logger) {
    this.#redis = redis;
    this.#subscriber = redis.openWaiting();
    this.#channels = `${prefix}:scraper:`;
    this.#claims = `${prefix}:scraped-by:`;
    this.#logger = logger;
  }

  /** Joins the scrapers; `onHandedOver` gets the targets that others hand over. Waits for Redis in the background. */
  join(onHandedOver: (targetId: string) => void): void {
    this.#subscriber.on('message', (_channel: string, id: string) => onHandedOver(id));
    this.#subscriber.subscribe(this.#channels + this.#instance).catch((error: unknown) => {
      this.#logger.debug({ err: error }, 'not subscribed');
    });
  }

  /** Leaves, so that others take the targets over at once. */
  async leave(): Promise<void> {
    if (this.#subscriber.status === 'ready') await this.#subscriber.unsubscribe();
  }

  async handOver(targetId: string): Promise<boolean> {
    const owner = await this.#ownerOf(targetId);
    if (owner === undefined || owner === this.#instance) return false;
    const receivers = await this.#redis.ask((redis) => redis.publish(this.#channels + owner, targetId));
    if (receivers > 0) return true;
    this.#membersReadAt = -Infinity;
    return false;
  }

  async claim(target: Target): Promise<boolean> {
    const seconds = Math.max(MIN_CLAIM_SECONDS, Math.ceil((target.intervalMs * CLAIM_INTERVALS) / 1000));
    const key = this.#claims + target.id;
    const before = await this.#redis.ask((redis) => redis.set(key, this.#instance, 'EX', seconds, 'GET'));
    return before === this.#instance;
  }

  async #ownerOf(targetId: string): Promise<string | undefined> {
    const now = performance.now();
    if (now - this.#membersReadAt >= MEMBERS_CACHE_MS) {
      const pattern = `${escapeGlob(this.#channels)}*`;
      const channels = (await this.#redis.ask((redis) => redis.pubsub('CHANNELS', pattern))) as string[];
      this.#members = channels.map((channel) => channel.slice(this.#channels.length));
      this.#membersReadAt = now;
    }
    return rendezvous(targetId, this.#members);
  }
}

/** The member with the highest hash together with the key; the same for everyone who knows the same members. */
export function rendezvous(key: string, members: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestScore = '';
  for (const member of members) {
    const score = createHash('sha1').update(`${key}/${member}`).digest('hex');
    if (score > bestScore) [best, bestScore] = [member, score];
  }
  return best;
}

function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}
