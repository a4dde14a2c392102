import { expect, test } from 'vitest';
// @ts-expect-error the flows are plain JavaScript
import { read } from '../flow/qr.mjs';
import { qr } from '../src/kit/qr.ts';

test.each(['otpauth://totp/Mailstead:alice%40example.test?secret=54FJ35MDD2HIFD23YRB24FWXCCOZHTWL&issuer=Mailstead', 'x', `otpauth://totp/${'ü'.repeat(120)}?secret=A`])('a camera reads %s', (text) => {
  expect(read(qr(text))).toBe(text);
});

test('it has a margin of four modules', () => {
  const { size, path } = qr('margin');
  for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)/g)) {
    expect(Math.min(Number(x), Number(y))).toBeGreaterThanOrEqual(4);
    expect(Number(x) + Number(width)).toBeLessThanOrEqual(size - 4);
  }
});
