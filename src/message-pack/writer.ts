// Writes MessagePack into one growing buffer. Invariant: `at` is never beyond the buffer, and the
// bytes before it are whole values, so going back to an earlier `at` undoes what came after.

import type { DirectBuffer } from './direct-buffer.js'

/** Up to here a loop over characters beats a call into the runtime. */
const LOOP_CHARS_MAX = 40

/** Most UTF-8 bytes that one UTF-16 unit becomes. */
const UTF8_BYTES_MAX = 3

const BLOCK_BYTES = 64 * 1024

/** Longer texts are measured first, so that the buffer does not grow to thrice their size. */
const MEASURED_CHARS_MIN = 64 * 1024

export class MessagePackWriter {
  buffer: DirectBuffer
  at = 0
  #view: DataView

  constructor(bytes = BLOCK_BYTES) {
    this.buffer = Buffer.allocUnsafeSlow(bytes) as DirectBuffer
    this.#view = new DataView(this.buffer.buffer)
  }

  /** Makes room for so many more bytes. */
  reserve(bytes: number): void {
    if (this.at + bytes > this.buffer.length) this.#grow(bytes)
  }

  #grow(bytes: number): void {
    const length = Math.max(2 * this.buffer.length, this.at + bytes)
    const larger = Buffer.allocUnsafeSlow(length) as DirectBuffer
    this.buffer.copy(larger, 0, 0, this.at)
    this.buffer = larger
    this.#view = new DataView(larger.buffer)
  }

  byte(value: number): void {
    this.reserve(1)
    this.buffer[this.at++] = value
  }

  nil(): void {
    this.byte(0xc0)
  }

  boolean(value: boolean): void {
    this.byte(value ? 0xc3 : 0xc2)
  }

  float(value: number): void {
    this.reserve(9)
    this.buffer[this.at] = 0xcb
    this.#view.setFloat64(this.at + 1, value)
    this.at += 9
  }

  /** The shortest form that gives the same number back; -0 stays -0. */
  number(value: number): void {
    if ((value | 0) !== value || (value === 0 && Object.is(value, -0))) return this.float(value)
    if (value >= 0 ? value < 128 : value >= -32) return this.byte(value & 0xff)
    this.reserve(5)
    this.buffer[this.at] = 0xd2
    this.#view.setInt32(this.at + 1, value)
    this.at += 5
  }

  /** A whole number of up to 53 bits with sign, such as a time in milliseconds. */
  integer(value: number): void {
    this.reserve(9)
    this.buffer[this.at] = 0xd3
    this.#view.setInt32(this.at + 1, Math.floor(value / 0x1_0000_0000))
    this.#view.setUint32(this.at + 5, value >>> 0)
    this.at += 9
  }

  arrayHeader(length: number): void {
    this.#header(length, 0x90, 15, 0xdc)
  }

  mapHeader(length: number): void {
    this.#header(length, 0x80, 15, 0xde)
  }

  #header(length: number, fix: number, fixMax: number, wide: number): void {
    if (length <= fixMax) return this.byte(fix | length)
    this.reserve(5)
    if (length <= 0xffff) {
      this.buffer[this.at] = wide
      this.#view.setUint16(this.at + 1, length)
      this.at += 3
    } else {
      this.buffer[this.at] = wide + 1
      this.#view.setUint32(this.at + 1, length)
      this.at += 5
    }
  }

  /** Header of so many raw bytes, with room for them. */
  binHeader(bytes: number): void {
    this.reserve(5 + bytes)
    this.buffer[this.at] = 0xc6
    this.#view.setUint32(this.at + 1, bytes)
    this.at += 5
  }

  /** Raw bytes. */
  bytes(bytes: Uint8Array): void {
    this.binHeader(bytes.length)
    this.buffer.set(bytes, this.at)
    this.at += bytes.length
  }

  /** Text without lone surrogates. Answers its length in UTF-8 bytes. */
  str(text: string): number {
    const chars = text.length
    const longest =
      chars >= MEASURED_CHARS_MIN ? Buffer.byteLength(text, 'utf8') : chars * UTF8_BYTES_MAX
    this.reserve(5 + longest)
    const start = this.at
    // The width of the header has to be known before the text is written.
    const head = longest < 32 ? 1 : longest <= 0xff ? 2 : longest <= 0xffff ? 3 : 5
    const bytes = this.#text(text, start + head)
    const { buffer } = this
    if (head === 1) {
      buffer[start] = 0xa0 | bytes
    } else if (head === 2) {
      buffer[start] = 0xd9
      buffer[start + 1] = bytes
    } else if (head === 3) {
      buffer[start] = 0xda
      this.#view.setUint16(start + 1, bytes)
    } else {
      buffer[start] = 0xdb
      this.#view.setUint32(start + 1, bytes)
    }
    this.at = start + head + bytes
    return bytes
  }

  #text(text: string, offset: number): number {
    const { buffer } = this
    const chars = text.length
    if (chars > LOOP_CHARS_MAX) return buffer.utf8Write(text, offset)
    for (let index = 0; index < chars; index++) {
      const code = text.charCodeAt(index)
      if (code > 0x7f) return buffer.utf8Write(text, offset)
      buffer[offset + index] = code
    }
    return chars
  }

  /** 16 bytes from 32 hex characters. False, and nothing written, if they are none. */
  id(hex: string): boolean {
    if (hex.length !== 32) return false
    this.reserve(18)
    const { buffer } = this
    let at = this.at
    buffer[at++] = 0xc4
    buffer[at++] = 16
    let bad = 0
    for (let index = 0; index < 32; index += 2) {
      const high = NIBBLES[hex.charCodeAt(index)] ?? BAD
      const low = NIBBLES[hex.charCodeAt(index + 1)] ?? BAD
      bad |= high | low
      buffer[at++] = (high << 4) | low
    }
    if ((bad & BAD) !== 0) return false
    this.at = at
    return true
  }

  /** The elements of a vector as little-endian f32. */
  vector(vector: Float32Array): void {
    this.binHeader(vector.byteLength)
    const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
    this.buffer.set(bytes, this.at)
    this.at += bytes.length
  }

  /** One element of a vector, inside of the room that {@link binHeader} made. */
  vectorElement(value: number): void {
    this.#view.setFloat32(this.at, value, true)
    this.at += 4
  }

  /** Two little-endian words in front of a batch, at a place reserved before. */
  frameHeader(at: number, token: number, bytes: number): void {
    this.#view.setUint32(at, token, true)
    this.#view.setUint32(at + 4, bytes, true)
  }
}

const BAD = 0x80
const NIBBLES = new Uint8Array(128).fill(BAD)
for (let value = 0; value < 16; value++) NIBBLES[value.toString(16).charCodeAt(0)] = value
