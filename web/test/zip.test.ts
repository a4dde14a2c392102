import { expect, test } from 'vitest';
import { crc32, safeName, unique, zip } from '../src/kit/zip.ts';

test('the check value of CRC-32', () => {
  // "123456789" → CBF43926: the check value of the catalogue of parametrised CRC algorithms (reveng), CRC-32/ISO-HDLC.
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
});

test('names of strangers are plain names', () => {
  const made = (name: string): string => safeName(name, 'Attachment');
  expect(['../../etc/passwd', 'C:\\Windows\\evil.exe', 'a/b/', '.hidden', 'trailing. ', 'con.txt', 'NUL', '', '...', 'a\u0000b\u202egnp.exe', 'what?.txt', 'plan.pdf'].map(made)).toEqual([
    'passwd', 'evil.exe', 'b', 'hidden', 'trailing', '_con.txt', '_NUL', 'Attachment', 'Attachment', 'abgnp.exe', 'what_.txt', 'plan.pdf',
  ]);
  const long = made(`${'ä'.repeat(300)}.pdf`);
  expect([long.length, long.endsWith('ä.pdf')]).toEqual([120, true]);
  expect(made('Zahlen für März.bin')).toBe('Zahlen für März.bin');
});

test('no name stands twice, whatever its case', () => {
  expect(unique(['a.txt', 'A.TXT', 'a.txt', 'a (2).txt', 'b'])).toEqual(['a.txt', 'A (2).TXT', 'a (3).txt', 'a (2) (2).txt', 'b']);
});

test('where everything stands in the archive', async () => {
  const data = new TextEncoder().encode('hello');
  const octets = new Uint8Array(await zip([{ name: 'é.txt', data }, { name: 'b', data: new Uint8Array() }], new Date(2026, 10, 26, 12, 30, 8)).arrayBuffer());
  const view = new DataView(octets.buffer);
  const end = octets.length - 22;
  expect([view.getUint32(end, true), view.getUint16(end + 10, true)]).toEqual([0x06054b50, 2]);
  const directory = view.getUint32(end + 16, true);
  expect(view.getUint32(directory, true)).toBe(0x02014b50);
  expect([view.getUint32(directory + 16, true), view.getUint32(directory + 24, true)]).toEqual([crc32(data), 5]);
  const second = directory + 46 + view.getUint16(directory + 28, true);
  const start = view.getUint32(second + 42, true);
  expect([view.getUint32(start, true), new TextDecoder().decode(octets.subarray(start + 30, start + 31))]).toEqual([0x04034b50, 'b']);
});
