// `npm run proof:model -- 10000000`: so many random operations, a million by default, on shards
// that are flushed, merged, closed and opened on the way; every answer is compared with a model.
import { fail } from './project.mjs'
import { runLines } from './runner.mjs'

const [operations = '1000000'] = process.argv.slice(2)
if (!/^[1-9]\d*$/.test(operations)) fail('usage: npm run proof:model -- [operations]')

const test = ['--test', 'model', '--', '--exact', 'a_shard_does_what_the_model_does', '--nocapture']
const env = { ...process.env, MODEL_OPERATIONS: operations }
const args = ['test', '--release', '--locked', '-p', 'sutra-shard', ...test]
process.exitCode = await runLines('cargo', args, () => {}, { env })
