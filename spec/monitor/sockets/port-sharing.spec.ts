import { expect } from 'chai';
import { hasStranger, isPortShared } from '../../../lib/monitor/sockets/port-sharing.js';
import { native } from '../../../lib/system/native.js';

const header =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const row = (address: string, state: string, inode: number): string =>
  `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000 100`;
const table = (...rows: string[]): string => [header, ...rows, ''].join('\n');

describe('hasStranger', () => {
  const own = new Set(['11', '12']);

  it('is false while only our own sockets listen on the address', () => {
    expect(hasStranger(table(row('0100007F:1F90', '0A', 11), row('0100007F:1F90', '0A', 12)), own))
      .to.be.false;
  });

  it('is true when another socket listens on the same address', () => {
    expect(hasStranger(table(row('0100007F:1F90', '0A', 11), row('0100007F:1F90', '0A', 13)), own))
      .to.be.true;
  });

  it('ignores other ports, other addresses and connections', () => {
    const text = table(
      row('0100007F:1F90', '0A', 11),
      row('0100007F:1F91', '0A', 13),
      row('0200007F:1F90', '0A', 14),
      row('0100007F:1F90', '01', 15),
    );
    expect(hasStranger(text, own)).to.be.false;
  });

  it('is false for a table that does not exist', () => {
    expect(hasStranger('', own)).to.be.false;
  });
});

describe('isPortShared', () => {
  for (const address of ['127.0.0.1', '::1'])
    it(`finds another group of sockets on the same port of ${address}`, () => {
      const options = { address, backlog: 16, reusePort: true, ipv6Only: false };
      const ours = [native.listenTcp({ ...options, port: 0 })];
      const port = native.boundPort(ours[0] ?? -1);
      ours.push(native.listenTcp({ ...options, port }));
      expect(isPortShared(ours)).to.be.false;
      const theirs = native.listenTcp({ ...options, port });
      expect(isPortShared(ours)).to.be.true;
      for (const fd of [...ours, theirs]) native.closeDescriptor(fd);
    });
});
