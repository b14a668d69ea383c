// Goal: addresses have the meaning that users expect, and an invalid one is explained.
import { expect } from 'chai';
import fc from 'fast-check';
import { duplicate, formatEndpoint, readEndpoint } from '../../lib/config/address.js';
import { show } from '../../lib/config/readers.js';
import type { Address } from '../../lib/config/settings.js';

const context = { directory: '/srv/app', defaultHost: '0.0.0.0' };

describe('readEndpoint', () => {
  const valid: [string | number, string, number][] = [
    [8080, '0.0.0.0', 8080],
    [0, '0.0.0.0', 0],
    ['8080', '0.0.0.0', 8080],
    [':8080', '0.0.0.0', 8080],
    ['localhost:3000', 'localhost', 3000],
    ['127.0.0.1:65535', '127.0.0.1', 65_535],
    ['[::1]:80', '::1', 80],
    ['[::]:80', '::', 80],
    ['[fe80::1%eth0]:80', 'fe80::1%eth0', 80],
  ];
  for (const [written, host, port] of valid)
    it(`reads ${show(written)} as port ${port} of ${host}`, () => {
      expect(readEndpoint(written, context)).to.deep.equal({ kind: 'tcp', host, port });
    });

  it('reads paths, relative ones behind "unix:"', () => {
    expect(readEndpoint('/run/a.sock', context)).to.deep.equal({
      kind: 'unix',
      path: '/run/a.sock',
    });
    expect(readEndpoint('unix:tmp/a.sock', context)).to.deep.equal({
      kind: 'unix',
      path: '/srv/app/tmp/a.sock',
    });
    expect(readEndpoint('unix:/a.sock', context)).to.deep.equal({ kind: 'unix', path: '/a.sock' });
  });

  const invalid = [
    'bad',
    '',
    'http://localhost:80',
    'a b:80',
    'host:',
    'host:port',
    '[::1]',
    'a:-1',
  ];
  for (const written of [...invalid, 'user@host:80', null, undefined, {}, true])
    it(`refuses ${show(written)}`, () => {
      expect(() => readEndpoint(written, context)).to.throw(
        `expected a port, "host:port", "[::1]:port", "/path.sock" or "unix:path.sock", ` +
          `got ${show(written)}`,
      );
    });

  for (const written of [-1, 65_536, 1.5, NaN, Infinity, 'host:65536'])
    it(`refuses ${show(written)} as a port`, () => {
      expect(() => readEndpoint(written, context)).to.throw('expected a port from 0 to 65535');
    });

  it('explains how to write an IPv6 address', () => {
    expect(() => readEndpoint('::1:8080', context)).to.throw('in brackets, such as "[::1]:8080"');
  });

  it('refuses a path without a name', () => {
    expect(() => readEndpoint('unix:', context)).to.throw('the path of a unix socket');
  });

  it('reads back what formatEndpoint writes', () => {
    const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
    fc.assert(
      fc.property(host, fc.nat(65_535), (name, port) => {
        const endpoint = { kind: 'tcp', host: name, port } as const;
        expect(readEndpoint(formatEndpoint(endpoint), context)).to.deep.equal(endpoint);
      }),
    );
  });
});

describe('duplicate', () => {
  const tcp = (host: string, port: number): Address => ({
    ...{ kind: 'tcp', host, port, backlog: 1, queues: 1, ipv6Only: false },
  });

  it('finds an address that is given twice', () => {
    expect(duplicate([tcp('a', 1), tcp('a', 2), tcp('b', 1)])).to.equal(undefined);
    expect(duplicate([tcp('::1', 1), tcp('a', 2), tcp('::1', 1)])).to.equal('[::1]:1');
    const unix: Address = { kind: 'unix', path: '/a', backlog: 1, mode: 0 };
    expect(duplicate([unix, unix])).to.equal('/a');
  });

  it('lets the kernel choose several ports of one host', () => {
    expect(duplicate([tcp('a', 0), tcp('a', 0)])).to.equal(undefined);
  });
});
