/** A QR code (ISO/IEC 18004) as the path of a picture: one unit is one module, the quiet zone of four is part of it (§9.1). */
import { encode } from 'uqr';

export interface Code {
  /** The side, in modules. */
  size: number;
  /** `d` of a path that is filled where modules are dark. */
  path: string;
}

const QUIET = 4;

export function qr(text: string): Code {
  const { data, size } = encode(text, { ecc: 'M', border: QUIET });
  let path = '';
  for (const [y, row] of data.entries()) {
    for (let x = 0; x < size; x++) {
      if (!row[x]) continue;
      let end = x + 1;
      while (row[end]) end++;
      path += `M${x} ${y}h${end - x}v1h${x - end}z`;
      x = end;
    }
  }
  return { size, path };
}
