import { describe, expect, it } from 'vitest';
import { ConnectionPlaces, Place } from '../src/http/connection-places.ts';

/** Places at a time that the test says, with connections by name. */
class Room {
  now = 0;
  readonly closed: string[] = [];
  readonly places: ConnectionPlaces;
  private readonly byName = new Map<string, Place>();
  private readonly bytes = new Map<string, number>();

  constructor(connections: number, connectionsPerAddress: number) {
    this.places = new ConnectionPlaces({ connections, connectionsPerAddress }, () => this.now);
  }

  /** Opens a connection a ms after the one before; answers whether there was a place for it, or why not. */
  open(name: string, address = name.replace(/\d+$/, '')): string {
    this.now += 1;
    const close = (reason: string, isStalled: boolean): void => {
      this.closed.push(`${name} ${reason}${isStalled ? ' stalled' : ''}`);
    };
    const place = this.places.enter({ address, bytesRead: () => this.bytes.get(name) ?? 0, close });
    if (!(place instanceof Place)) return place;
    this.byName.set(name, place);
    return 'open';
  }

  begin(...names: readonly string[]): void {
    for (const name of names) this.at(name).begin();
  }

  end(name: string): void {
    this.now += 1;
    this.at(name).end();
  }

  leave(name: string): void {
    this.places.leave(this.at(name));
  }

  /** It says something. */
  say(name: string): void {
    this.bytes.set(name, (this.bytes.get(name) ?? 0) + 1);
  }

  private at(name: string): Place {
    const place = this.byName.get(name);
    if (place === undefined) throw new Error(`${name} has no place.`);
    return place;
  }
}

describe('the places of connections', () => {
  it('of one address go to its newest ones, idle ones first to go', () => {
    const room = new Room(10, 3);
    for (const name of ['a1', 'a2', 'a3']) room.open(name);
    room.begin('a1', 'a2');
    room.end('a1');
    expect(room.open('a4')).toBe('open');
    expect(room.closed).toEqual(['a3 limit_connections_per_address']);
    expect(room.open('a5')).toBe('open');
    expect(room.closed.at(-1)).toBe('a1 limit_connections_per_address');
    expect(room.open('a6')).toBe('open');
    expect(room.closed.slice(2)).toEqual(['a4 limit_connections_per_address']);
  });

  it('are refused to an address whose connections are all at work, and not to others', () => {
    const room = new Room(10, 2);
    for (const name of ['a1', 'a2']) room.open(name);
    room.begin('a1', 'a2');
    expect(room.open('a3')).toBe('limit_connections_per_address');
    expect(room.open('b1')).toBe('open');
    room.leave('a1');
    expect(room.open('a4')).toBe('open');
  });

  it('are taken from the address with the most', () => {
    const room = new Room(6, 6);
    for (const name of ['b1', 'c1', 'c2', 'a1', 'a2', 'a3']) room.open(name);
    expect(room.open('d1')).toBe('open');
    expect(room.open('d2')).toBe('open');
    expect(room.closed).toEqual(['a1 limit_connections', 'c1 limit_connections']);
  });

  it('are taken from no address for one that has more already', () => {
    const room = new Room(4, 4);
    for (const name of ['b1', 'a1', 'a2', 'a3']) room.open(name);
    room.begin('a1', 'a2', 'a3');
    expect(room.open('a4')).toBe('limit_connections');
    expect(room.open('c1')).toBe('open');
    expect(room.closed).toEqual(['b1 limit_connections']);
  });

  it('are taken from requests that have not gone on for half a minute', () => {
    const room = new Room(3, 3);
    for (const name of ['a1', 'a2', 'a3']) room.open(name);
    room.begin('a1', 'a2', 'a3');
    room.now = 20_000;
    room.say('a1');
    room.places.look();
    room.now = 29_000;
    expect(room.open('b1')).toBe('limit_connections');
    room.now = 31_000;
    room.places.look();
    expect(room.open('b1')).toBe('open');
    expect(room.closed).toEqual(['a2 limit_connections stalled']);
  });

  it('know an address in whatever way it is written, and a network of IPv6 as one', () => {
    const room = new Room(100, 2);
    room.open('v4', '10.0.0.7');
    room.open('mapped', '::ffff:10.0.0.7');
    room.open('v4 again', '10.0.0.7');
    expect(room.closed).toEqual(['v4 limit_connections_per_address']);
    room.open('short', '2001:db8::1');
    room.open('long', '2001:db8:0:0:5:6:7:8');
    expect(room.open('other network', '2001:db8:0:1::1')).toBe('open');
    room.open('again', '2001:db8::ffff');
    expect(room.closed.slice(1)).toEqual(['short limit_connections_per_address']);
  });
});
