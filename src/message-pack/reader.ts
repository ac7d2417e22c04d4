// Reads the MessagePack that the engine hands out: attributes, errors, statistics. It was checked
// when it was stored, so what is no JSON value here is damage.

import { SutraError } from '../errors.js'

/** Position in a buffer while one value is read. */
interface Position {
  readonly buffer: Buffer
  readonly view: DataView
  at: number
}

/** Decodes the one value that starts at `start`. */
export function decodeMessagePack(buffer: Buffer, start = 0): unknown {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  return readValue({ buffer, view, at: start })
}

function readValue(from: Position): unknown {
  const marker = from.view.getUint8(from.at++)
  if (marker < 0x80) return marker
  if (marker < 0x90) return readMap(from, marker & 0x0f)
  if (marker < 0xa0) return readArray(from, marker & 0x0f)
  if (marker < 0xc0) return readText(from, marker & 0x1f)
  if (marker >= 0xe0) return marker - 0x100
  return readWide(from, marker)
}

function readWide(from: Position, marker: number): unknown {
  switch (marker) {
    case 0xc0:
      return null
    case 0xc2:
      return false
    case 0xc3:
      return true
    case 0xd9:
      return readText(from, readLength(from, 1))
    case 0xda:
      return readText(from, readLength(from, 2))
    case 0xdb:
      return readText(from, readLength(from, 4))
    case 0xdc:
      return readArray(from, readLength(from, 2))
    case 0xdd:
      return readArray(from, readLength(from, 4))
    case 0xde:
      return readMap(from, readLength(from, 2))
    case 0xdf:
      return readMap(from, readLength(from, 4))
    default:
      return readNumber(from, marker)
  }
}

function readNumber(from: Position, marker: number): number {
  const { view, at } = from
  switch (marker) {
    case 0xca:
      from.at += 4
      return view.getFloat32(at)
    case 0xcb:
      from.at += 8
      return view.getFloat64(at)
    case 0xcc:
    case 0xcd:
    case 0xce:
      return readLength(from, 1 << (marker - 0xcc))
    case 0xcf:
      from.at += 8
      return Number(view.getBigUint64(at))
    case 0xd0:
      from.at += 1
      return view.getInt8(at)
    case 0xd1:
      from.at += 2
      return view.getInt16(at)
    case 0xd2:
      from.at += 4
      return view.getInt32(at)
    case 0xd3:
      from.at += 8
      return Number(view.getBigInt64(at))
    default:
      throw new SutraError(
        'ERR_CORRUPT',
        `unexpected MessagePack marker ${marker} in a stored value`,
      )
  }
}

function readLength(from: Position, bytes: number): number {
  const { view, at } = from
  from.at += bytes
  return bytes === 1 ? view.getUint8(at) : bytes === 2 ? view.getUint16(at) : view.getUint32(at)
}

/** Up to here a loop over characters beats a call into the runtime. */
const LOOP_BYTES_MAX = 16

function readText(from: Position, bytes: number): string {
  const { buffer, at } = from
  from.at += bytes
  if (bytes > LOOP_BYTES_MAX) return buffer.toString('utf8', at, at + bytes)
  let text = ''
  for (let index = at; index < at + bytes; index++) {
    const code = buffer[index] ?? 0
    if (code > 0x7f) return buffer.toString('utf8', at, at + bytes)
    text += String.fromCharCode(code)
  }
  return text
}

function readArray(from: Position, length: number): unknown[] {
  const values: unknown[] = []
  for (let index = 0; index < length; index++) values.push(readValue(from))
  return values
}

function readMap(from: Position, length: number): Record<string, unknown> {
  const map: Record<string, unknown> = {}
  for (let index = 0; index < length; index++) {
    const key = String(readValue(from))
    const value = readValue(from)
    // Assigning `__proto__` would change the prototype instead of storing the value.
    if (key === '__proto__') define(map, key, value)
    else map[key] = value
  }
  return map
}

function define(map: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true })
}
