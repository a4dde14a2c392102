/**
 * Files as one ZIP archive (APPNOTE.TXT 6.3, without compression: what is attached to mail is mostly compressed already). Names come from
 * strangers: in the archive each is a plain name that any system can write, and there is none twice.
 */

export interface ZipFile {
  name: string;
  data: Uint8Array<ArrayBuffer>;
}

/** More than this needs ZIP64, which is not written here; octets. */
export const MOST_OCTETS = 2_000_000_000;
const LONGEST = 120;
/** Names that Windows keeps for devices, with any ending. */
const device = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

/** CRC-32 as ZIP has it (polynomial 0x04C11DB7, reflected). */
export function crc32(data: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of data) value = (table[(value ^ byte) & 0xff] as number) ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** A name without folders, control characters, turns of the writing direction, and what file systems do not take. */
export function safeName(name: string, otherwise: string): string {
  const last = name.normalize('NFC').split(/[\\/]/).filter((part) => part.trim()).at(-1) ?? '';
  const plain = last.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').replace(/[<>:"|?*]/g, '_').replace(/^[\s.]+|[\s.]+$/gu, '');
  const [stem, ending] = parts(plain);
  const short = ending.length > 20 ? cut(plain, LONGEST) : `${cut(stem, LONGEST - ending.length)}${ending}`;
  const kept = short || otherwise;
  return device.test(kept) ? `_${kept}` : kept;
}

/** Cut to so many UTF-16 units, never through a character. */
function cut(text: string, most: number): string {
  return text.length <= most ? text : [...text].reduce((out, character) => (out.length + character.length <= most ? out + character : out), '');
}

function parts(name: string): [string, string] {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
}

/** The names as they are, and a number behind those that are there already, without regard to case. */
export function unique(names: string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const [stem, ending] = parts(name);
    let now = name;
    for (let count = 2; taken.has(now.toLowerCase()); count++) now = `${stem} (${count})${ending}`;
    taken.add(now.toLowerCase());
    return now;
  });
}

/** MS-DOS date and time, in local time; years before 1980 and after 2107 are not known to it. */
function dosTime(at: Date): [time: number, date: number] {
  const year = Math.min(2107, Math.max(1980, at.getFullYear()));
  return [(at.getHours() << 11) | (at.getMinutes() << 5) | (at.getSeconds() >> 1), ((year - 1980) << 9) | ((at.getMonth() + 1) << 5) | at.getDate()];
}

const STORED = 0;
/** Bit 11: names are UTF-8. */
const UTF8 = 0x0800;
const VERSION = 20;

/** The archive. Names are taken as they are: see `safeName` and `unique`. */
export function zip(files: ZipFile[], at: Date): Blob {
  const [time, date] = dosTime(at);
  const encoder = new TextEncoder();
  const body: Uint8Array<ArrayBuffer>[] = [];
  const directory: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  const record = (size: number, fill: (view: DataView) => void): Uint8Array<ArrayBuffer> => {
    const octets = new Uint8Array(size);
    fill(new DataView(octets.buffer));
    return octets;
  };
  for (const { name, data } of files) {
    const title = encoder.encode(name);
    const crc = crc32(data);
    const common = (view: DataView, from: number): void => {
      view.setUint16(from, VERSION, true);
      view.setUint16(from + 2, UTF8, true);
      view.setUint16(from + 4, STORED, true);
      view.setUint16(from + 6, time, true);
      view.setUint16(from + 8, date, true);
      view.setUint32(from + 10, crc, true);
      view.setUint32(from + 14, data.length, true);
      view.setUint32(from + 18, data.length, true);
      view.setUint16(from + 22, title.length, true);
    };
    const start = offset;
    const local = record(30, (view) => {
      view.setUint32(0, 0x04034b50, true);
      common(view, 4);
    });
    body.push(local, title, data);
    offset += local.length + title.length + data.length;
    directory.push(
      record(46, (view) => {
        view.setUint32(0, 0x02014b50, true);
        view.setUint16(4, VERSION, true);
        common(view, 6);
        view.setUint32(42, start, true);
      }),
      title,
    );
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = record(22, (view) => {
    view.setUint32(0, 0x06054b50, true);
    view.setUint16(8, files.length, true);
    view.setUint16(10, files.length, true);
    view.setUint32(12, size, true);
    view.setUint32(16, offset, true);
  });
  return new Blob([...body, ...directory, end], { type: 'application/zip' });
}
