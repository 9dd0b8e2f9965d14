import type { EventEmitter } from 'node:events';
import { isIPv6, type Socket } from 'node:net';

export interface PlaceLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
}

/** The limit for which a connection is closed. */
export type PlaceReason = 'limit_connections' | 'limit_connections_per_address';

/** What places need to know of a connection. */
export interface PlacedConnection {
  /** Of the other end, as the socket says it. */
  readonly address: string;
  readonly bytesRead: () => number;
  /** Called when its place is given to another; `isStalled` when a request on it is not answered. */
  readonly close: (reason: PlaceReason, isStalled: boolean) => void;
}

/** A connection with requests that say nothing for this long is as good as idle when places are scarce. */
const STALLED_MS = 30_000;
const HEXTETS_OF_NETWORK = 4;

/** The place of one connection. */
export class Place {
  readonly connection: PlacedConnection;
  readonly group: string;
  readonly #now: () => number;
  #requests = 0;
  #idleSince: number;
  #quietSince: number;
  #bytesRead = 0;

  constructor(connection: PlacedConnection, now: () => number) {
    this.connection = connection;
    this.group = groupOf(connection.address);
    this.#now = now;
    this.#idleSince = now();
    this.#quietSince = this.#idleSince;
  }

  begin(): void {
    this.#requests++;
  }

  end(): void {
    this.#requests--;
    this.#idleSince = this.#now();
  }

  get isIdle(): boolean {
    return this.#requests === 0;
  }

  /** Notes whether it said something since it was looked at. */
  look(now: number): void {
    const bytesRead = this.connection.bytesRead();
    if (bytesRead === this.#bytesRead) return;
    this.#bytesRead = bytesRead;
    this.#quietSince = now;
  }

  /** The lower the sooner it has to go: idle ones first, the oldest of them before others; undefined when it may stay. */
  rank(now: number): number | undefined {
    if (this.isIdle) return this.#idleSince - now;
    return now - this.#quietSince >= STALLED_MS ? this.#quietSince : undefined;
  }
}

/**
 * A bounded number of connections, in all and per address. When there is no place for another one, that of the address
 * with the most connections goes which has been idle the longest: one client that opens many closes its own.
 */
export class ConnectionPlaces {
  readonly #limits: PlaceLimits;
  readonly #now: () => number;
  readonly #groups = new Map<string, Set<Place>>();
  #count = 0;

  /** `now` are ms of a clock that is never set. */
  constructor(limits: PlaceLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
  }

  /** The place of a new connection, which may cost another one its own; or the limit for which there is none. */
  enter(connection: PlacedConnection): Place | PlaceReason {
    const place = new Place(connection, this.#now);
    const own = this.#groups.get(place.group);
    const ownCount = own?.size ?? 0;
    if (own !== undefined && ownCount >= this.#limits.connectionsPerAddress) {
      if (!this.#evict(firstToGo(own, this.#now()), 'limit_connections_per_address'))
        return 'limit_connections_per_address';
    } else if (this.#count >= this.#limits.connections) {
      if (!this.#evict(this.#firstOfLargest(ownCount), 'limit_connections')) return 'limit_connections';
    }
    this.#groups.set(place.group, (this.#groups.get(place.group) ?? new Set<Place>()).add(place));
    this.#count++;
    return place;
  }

  leave(place: Place): void {
    const group = this.#groups.get(place.group);
    if (group?.delete(place) !== true) return;
    this.#count--;
    if (group.size === 0) this.#groups.delete(place.group);
  }

  /** To be called every now and then: notes which connections say something. */
  look(): void {
    const now = this.#now();
    for (const group of this.#groups.values()) for (const place of group) place.look(now);
  }

  #evict(place: Place | undefined, reason: PlaceReason): boolean {
    if (place === undefined) return false;
    this.leave(place);
    place.connection.close(reason, !place.isIdle);
    return true;
  }

  /** Of the largest address that can spare a place and has more than `ownCount`, so that nobody pays for a larger one. */
  #firstOfLargest(ownCount: number): Place | undefined {
    const now = this.#now();
    let most = ownCount;
    let first: Place | undefined;
    for (const group of this.#groups.values()) {
      if (group.size <= most) continue;
      const candidate = firstToGo(group, now);
      if (candidate === undefined) continue;
      most = group.size;
      first = candidate;
    }
    return first;
  }
}

/** Connections beyond the limit that wait to be told so; more are closed without a word. */
export const MAX_REFUSALS = 256;
/** How long a connection that is refused may take to ask, and to be told. */
const REFUSAL_MS = 1000;

/** Gives every connection of a server one of the places; `Key` is what its requests know their connection by. */
export class ConnectionGuard<Key extends object> {
  readonly #places: ConnectionPlaces;
  readonly #onClosed: (reason: PlaceReason) => void;
  readonly #placed = new WeakMap<Key, Place>();
  readonly #refused = new Map<Key, PlaceReason>();

  /** `onClosed` is told of every connection that is closed for want of a place. */
  constructor(places: ConnectionPlaces, onClosed: (reason: PlaceReason) => void) {
    this.#places = places;
    this.#onClosed = onClosed;
  }

  /** A connection for which there is no place has a moment to ask and be told, or is dropped where many wait for that. */
  open(
    socket: Socket,
    key: Key,
    { close, drop }: { readonly close: (isStalled: boolean) => void; readonly drop: () => void },
  ): void {
    const place = this.#places.enter({
      address: socket.remoteAddress ?? '',
      bytesRead: () => socket.bytesRead,
      close: (reason, isStalled) => {
        this.#onClosed(reason);
        close(isStalled);
      },
    });
    if (place instanceof Place) {
      this.#placed.set(key, place);
      socket.once('close', () => this.#places.leave(place));
      return;
    }
    this.#onClosed(place);
    destroyLater(socket);
    if (this.#refused.size >= MAX_REFUSALS) {
      drop();
      return;
    }
    this.#refused.set(key, place);
    socket.once('close', () => this.#refused.delete(key));
  }

  /** Counts a request for its connection until `answer` closes; returns why it is refused, where there is no place for it. */
  begin(key: Key, answer: EventEmitter): PlaceReason | undefined {
    const place = this.#placed.get(key);
    if (place !== undefined) {
      place.begin();
      answer.once('close', () => place.end());
    }
    return this.#refused.get(key);
  }
}

export function destroyLater(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), REFUSAL_MS).unref();
  socket.once('close', () => clearTimeout(timer));
}

function firstToGo(places: Iterable<Place>, now: number): Place | undefined {
  let first: Place | undefined;
  let lowest = Infinity;
  for (const place of places) {
    const rank = place.rank(now);
    if (rank === undefined || rank >= lowest) continue;
    first = place;
    lowest = rank;
  }
  return first;
}

/** Whom an address belongs to: of IPv6 a client has a whole network of 64 bits. */
function groupOf(address: string): string {
  const v4 = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(v4)) return v4;
  const [head = '', tail] = v4.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  return [...before, ...Array<string>(zeros).fill('0'), ...after].slice(0, HEXTETS_OF_NETWORK).join(':');
}
