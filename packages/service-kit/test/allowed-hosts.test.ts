import { describe, expect, it } from 'vitest';
import { parseHost } from '../src/http/allowed-hosts.ts';
import { allowedHostsSchema } from '../src/index.ts';

describe('a list of allowed hosts', () => {
  it('has names, domains and *, in any case and with spaces', () => {
    expect(allowedHostsSchema.parse(' Profiles.example.com, .internal.example,*, ')).toEqual([
      'profiles.example.com',
      '.internal.example',
      '*',
    ]);
    expect(allowedHostsSchema.parse(undefined)).toEqual([]);
  });

  it.each(['https://a.example', 'a.example:443', '*.a.example', 'a b', 'a/b', '[::1]', '.'])(
    'refuses %s and says what to write',
    (text) => {
      const { error } = allowedHostsSchema.safeParse(text);
      expect(error?.issues[0]?.message).toContain('names without port');
    },
  );
});

describe('the host of a request', () => {
  it.each([
    ['A.Example', { name: 'a.example', port: '' }],
    ['a.example.:80', { name: 'a.example', port: '80' }],
    ['[FE80::1]:4040', { name: '[fe80::1]', port: '4040' }],
    ['my_box', { name: 'my_box', port: '' }],
  ])('%s is read', (text, expected) => {
    expect(parseHost(text)).toEqual(expected);
  });

  it.each(['', ':80', 'a@b', 'a:b', 'a:', 'a:123456', 'a b', 'a/b', 'a,b', '::1', '[::1', 'ä.example'])(
    '%j is none',
    (text) => {
      expect(parseHost(text)).toBeUndefined();
    },
  );
});
