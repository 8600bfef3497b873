// Several files as one uncompressed zip; the files' bytes are never copied, only read once for their checksums.

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});
const MAX_FILES = 0xffff - 1;
const MAX_BYTES = 0xffffffff - 1;
const JANUARY_1980 = 0x21; // the files' own times are nobody's business
const ENDING = /\.(nii\.gz|[a-z0-9]{1,8})$/i;

/** Whether files fit into a zip without the 64-bit extension. */
export function fits(files) {
  const room = 120 * files.length; // two headers and two short names each
  return files.length <= MAX_FILES && files.reduce((sum, file) => sum + file.size, room) <= MAX_BYTES;
}

/** Return a zip of the files as a Blob; they are numbered, since names can name patients. */
export async function zipped(files, onFile = () => {}) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [index, file] of files.entries()) {
    const name = new TextEncoder().encode(plainName(index, file.name));
    const entry = { name, crc: await crc32(file), size: file.size, offset };
    const header = localHeader(entry);
    parts.push(header, name, file);
    directory.push(centralHeader(entry), name);
    offset += header.length + name.length + file.size;
    onFile(index + 1);
  }
  const directorySize = directory.reduce((sum, part) => sum + part.length, 0);
  const [number, sizes] = [[2, files.length], [[4, directorySize], [4, offset]]];
  const end = record([[4, 0x06054b50], [2, 0], [2, 0], number, number, ...sizes, [2, 0]]);
  return new Blob([...parts, ...directory, end], { type: "application/octet-stream" });
}

function plainName(index, name) {
  const ending = ENDING.exec(name);
  return `${String(index + 1).padStart(5, "0")}${ending ? ending[0].toLowerCase() : ""}`;
}

async function crc32(file) {
  let value = 0xffffffff;
  const reader = file.stream().getReader();
  for (;;) {
    const { value: bytes, done } = await reader.read();
    if (done) return (value ^ 0xffffffff) >>> 0;
    for (const byte of bytes) value = CRC_TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  }
}

// Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3.7 (local header), 4.3.12 (central header), 4.3.16 (end record).
function localHeader({ name, crc, size }) {
  return record([
    [4, 0x04034b50], [2, 20], [2, 0], [2, 0], [2, 0], [2, JANUARY_1980], [4, crc], [4, size], [4, size],
    [2, name.length], [2, 0],
  ]);
}

function centralHeader({ name, crc, size, offset }) {
  return record([
    [4, 0x02014b50], [2, 20], [2, 20], [2, 0], [2, 0], [2, 0], [2, JANUARY_1980], [4, crc], [4, size], [4, size],
    [2, name.length], [2, 0], [2, 0], [2, 0], [2, 0], [4, 0], [4, offset],
  ]);
}

function record(fields) {
  const bytes = new Uint8Array(fields.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let place = 0;
  for (const [size, value] of fields) {
    if (size === 2) view.setUint16(place, value, true);
    else view.setUint32(place, value, true);
    place += size;
  }
  return bytes;
}
