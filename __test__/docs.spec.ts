// Every example of the README and the docs runs as it stands: type-checked and run against the
// built package, or given to the shell with the built command.
import test from 'ava'
import { examplesOf, readExamples, type Example } from './docs/examples.js'
import { makePlayground, remove, runExample, type Outcome } from './docs/playground.js'
import { ROOT } from './tidy/project.js'

async function run(example: Example): Promise<Outcome> {
  const folder = makePlayground(ROOT)
  try {
    return await runExample(folder, example)
  } finally {
    remove(folder)
  }
}

const examples = readExamples(ROOT)

for (const example of examples) {
  test.serial(`${example.title} runs (${example.language})`, async (t) => {
    const { status, output } = await run(example)
    t.is(status, 0, output)
  })
}

test('the README has a program and a shell session to run', (t) => {
  const languages = examples
    .filter(({ title }) => title.startsWith('README.md'))
    .map((e) => e.language)
  t.true(languages.includes('ts') && languages.includes('sh'))
})

test('blocks that belong together are one example', (t) => {
  const page = [
    '```ts\nimport a from "a"\n```\n```ts\na()\n```\n',
    '```ts\nimport b from "b"\n```\n```sh\none\n```\n',
    '```sh no-run\nnever\n```\n```json\n{}\n```\n```sh\ntwo\n```\n',
  ].join('')
  t.deepEqual(
    examplesOf('a.md', page).map(({ title, text }) => [title, text]),
    [
      ['a.md:1', 'import a from "a"\na()\n'],
      ['a.md:7', 'import b from "b"\n'],
      ['a.md:10', 'one\ntwo\n'],
    ],
  )
})

test('an example that is wrong is seen', async (t) => {
  const wrong: Example[] = [
    { title: 'throws', language: 'ts', text: "throw new Error('on purpose')\n" },
    { title: 'has a wrong type', language: 'ts', text: "export const a: number = 'text'\n" },
    { title: 'fails half-way', language: 'sh', text: 'false\ntrue\n' },
    { title: 'names no command', language: 'sh', text: 'sutra no-such-command\n' },
  ]
  for (const example of wrong) {
    const { status } = await run(example)
    t.not(status, 0, example.title)
  }
})
