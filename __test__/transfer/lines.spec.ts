// Bytes to lines: numbers, limits, encodings, whatever the chunks are.
import test from 'ava'
import { LineCutter, type Line } from '../../src/transfer/lines.js'

function linesOf(input: string | Uint8Array, chunkBytes: number, lineBytesMax = 100): Line[] {
  const bytes = Buffer.from(input)
  const cutter = new LineCutter(lineBytesMax)
  const lines: Line[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    // One buffer that is used again, as streams do.
    const chunk = Buffer.from(bytes.subarray(at, at + chunkBytes))
    lines.push(...cutter.push(chunk))
    chunk.fill(0)
  }
  return [...lines, ...cutter.end()]
}

const TEXT = '\ufeff{"a": 1}\r\n\n知识 😀\n\ufefflast'

for (const chunkBytes of [1, 2, 3, 7, 1000]) {
  test(`lines of chunks of ${chunkBytes}`, (t) => {
    t.deepEqual(
      linesOf(TEXT, chunkBytes).map((line) => [line.number, 'text' in line && line.text]),
      [
        [1, '{"a": 1}'],
        [2, ''],
        [3, '知识 😀'],
        [4, '\ufefflast'],
      ],
    )
  })

  test(`a line over the limit is passed over in chunks of ${chunkBytes}`, (t) => {
    t.deepEqual(linesOf(`a\n${'x'.repeat(101)}\n${'y'.repeat(100)}\n`, chunkBytes), [
      { number: 1, text: 'a', bytes: 1 },
      { number: 2, problem: 'too-long', bytes: 101 },
      { number: 3, text: 'y'.repeat(100), bytes: 100 },
    ])
  })
}

test('bytes that are not UTF-8 spoil their line only', (t) => {
  const bytes = Buffer.concat([Buffer.from('a\n'), Buffer.from([0xff, 0x0a]), Buffer.from('b')])
  t.deepEqual(linesOf(bytes, 100), [
    { number: 1, text: 'a', bytes: 1 },
    { number: 2, problem: 'encoding', bytes: 1 },
    { number: 3, text: 'b', bytes: 1 },
  ])
})

test('nothing has no lines', (t) => {
  t.deepEqual(linesOf('', 10), [])
})
