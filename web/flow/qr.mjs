// What a camera would read of a QR code that is drawn as a path: each module is four dots wide, dark on light.
import jsQR from 'jsqr';

export function read({ size, path }) {
  const side = size * 4;
  const pixels = new Uint8ClampedArray(side * side * 4).fill(255);
  for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
    for (let down = Number(y) * 4; down < Number(y) * 4 + 4; down++) {
      for (let right = Number(x) * 4; right < (Number(x) + Number(width)) * 4; right++) pixels.fill(0, (down * side + right) * 4, (down * side + right) * 4 + 3);
    }
  }
  return jsQR(pixels, side, side)?.data ?? null;
}
