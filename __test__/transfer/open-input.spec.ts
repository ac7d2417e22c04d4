// What is imported: plain or compressed, whole or damaged, from files and streams.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import test from 'ava'
import { openInput, type ImportSource } from '../../src/transfer/open-input.js'

const folder = mkdtempSync(join(tmpdir(), 'sutra-input-'))
test.after.always(() => rmSync(folder, { recursive: true }))

const TEXT = Array.from({ length: 20_000 }, (_, at) => `line ${at} ${(at * 7919) % 1009}\n`).join(
  '',
)

/** Everything a source gives, and the error it ends with. */
async function drained(source: ImportSource): Promise<{ text: string; error?: unknown }> {
  const chunks: Uint8Array[] = []
  const count = { bytesRead: 0 }
  try {
    for await (const chunk of openInput(source, count)) chunks.push(Buffer.from(chunk))
    return { text: Buffer.concat(chunks).toString() }
  } catch (error) {
    return { text: Buffer.concat(chunks).toString(), error }
  }
}

function inChunks(bytes: Uint8Array, chunkBytes: number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    chunks.push(bytes.subarray(at, at + chunkBytes))
  }
  return chunks
}

test('plain and compressed files, whatever their names', async (t) => {
  for (const [name, bytes] of [
    ['plain.gz', Buffer.from(TEXT)],
    ['compressed.jsonl', gzipSync(TEXT)],
    ['two-members.gz', Buffer.concat([gzipSync(TEXT.slice(0, 5000)), gzipSync(TEXT.slice(5000))])],
  ] as const) {
    writeFileSync(join(folder, name), bytes)
    t.is((await drained(join(folder, name))).text, TEXT, name)
  }
})

for (const chunkBytes of [1, 10, 1000]) {
  test(`compressed chunks of ${chunkBytes}`, async (t) => {
    const text = TEXT.slice(0, 10_000)
    t.is((await drained(inChunks(gzipSync(text), chunkBytes))).text, text)
    t.is((await drained(Readable.from(inChunks(Buffer.from(text), chunkBytes)))).text, text)
  })
}

test('nothing, and less than a mark', async (t) => {
  t.deepEqual(await drained([]), { text: '' })
  t.deepEqual(await drained([Buffer.from('x')]), { text: 'x' })
  t.deepEqual(await drained([Buffer.from([0x1f])]), { text: '\x1f' })
})

test('cut compressed data gives what was there, then ERR_CORRUPT', async (t) => {
  const bytes = gzipSync(TEXT)
  for (const end of [3, 15, 1000, bytes.length - 9, bytes.length - 1]) {
    const { text, error } = await drained(inChunks(bytes.subarray(0, end), 700))
    t.like(error, { code: 'ERR_CORRUPT' })
    t.true(TEXT.startsWith(text))
    if (end > 1000) t.is(text, TEXT)
  }
})

test('damaged compressed data gives ERR_CORRUPT', async (t) => {
  const bytes = gzipSync(TEXT)
  bytes.writeUInt32LE(0xdeadbeef, bytes.length - 8)
  const { error } = await drained([bytes])
  t.like(error, { code: 'ERR_CORRUPT' })
})

test('a file that is not there, a folder, text in place of bytes, a failing stream', async (t) => {
  const absent = join(folder, 'absent')
  t.like((await drained(absent)).error, { code: 'ERR_NOT_FOUND', file: absent })
  t.like((await drained(folder)).error, { code: 'ERR_IO' })
  const text = Readable.from(['text']) as AsyncIterable<unknown> as AsyncIterable<Uint8Array>
  t.like((await drained(text)).error, { code: 'ERR_INVALID', field: 'source' })
  const failing = new Readable({ read: () => failing.destroy(new Error('gone')) })
  t.like((await drained(failing)).error, { code: 'ERR_IO' })
})
