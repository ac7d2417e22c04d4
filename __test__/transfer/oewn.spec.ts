// The Open English WordNet, 107,525 concepts and 215,372 associations, in one import.
import { existsSync } from 'node:fs'
import test from 'ava'
import { importFile, type ImportProgress } from '../../src/transfer/index.js'
import { emptyStore } from '../learn/playground.js'
import { oewnPath } from '../oewn-data.js'

const path = oewnPath()

if (!existsSync(path)) {
  test.skip('WordNet: the data is absent, see __test__/oewn-data.ts', () => {})
} else {
  test('the whole WordNet is imported', async (t) => {
    t.timeout(300_000)
    const store = await emptyStore(t)
    let last: ImportProgress | undefined
    const report = await importFile(store, path, { onProgress: (progress) => (last = progress) })
    t.log(`${Math.round(report.lines / (report.tookMs / 1000))} lines per second`)
    t.like(report, {
      lines: 322_897,
      concepts: { created: 107_525, updated: 0 },
      associations: { created: 215_372, updated: 0 },
      problemCount: 0,
      complete: true,
    })
    t.is(last?.bytesRead, last?.bytesTotal)
    const able = store.getByKey('00001740-a')!
    t.regex(able.content, /^able: /)
    t.deepEqual(able.attributes.members, ['able'])
    const { hits } = await store.search({ text: 'able, having the means or skill', k: 10 })
    t.true(hits.some(({ id }) => id === able.id))
  })
}
