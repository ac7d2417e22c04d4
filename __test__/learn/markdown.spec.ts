// Markdown becomes sections under headings, in order, with links.
import test from 'ava'
import { associations, contents, extractText, LIMITS } from './extracting.js'

test('headings become sections with their text and what they are under', (t) => {
  const text = '# Guide\n\nHello.\n\n## Install\n\nRun it.\n\n### Linux\n\napt\n\n## Use\n\nCall.\n'
  const found = extractText('docs/guide.md', text)
  t.deepEqual(contents(found), {
    'doc:docs/guide.md': 'docs/guide.md: Guide\n\nHello.\n\nSections: Guide, Install, Linux, Use',
    'section:docs/guide.md#guide': 'Guide\n\nHello.',
    'section:docs/guide.md#install': 'Guide > Install\n\nRun it.',
    'section:docs/guide.md#linux': 'Guide > Install > Linux\n\napt',
    'section:docs/guide.md#use': 'Guide > Use\n\nCall.',
  })
  t.deepEqual(associations(found), [
    'section:docs/guide.md#guide part_of doc:docs/guide.md',
    'section:docs/guide.md#install part_of doc:docs/guide.md',
    'section:docs/guide.md#install under section:docs/guide.md#guide',
    'section:docs/guide.md#guide next section:docs/guide.md#install',
    'section:docs/guide.md#linux part_of doc:docs/guide.md',
    'section:docs/guide.md#linux under section:docs/guide.md#install',
    'section:docs/guide.md#install next section:docs/guide.md#linux',
    'section:docs/guide.md#use part_of doc:docs/guide.md',
    'section:docs/guide.md#use under section:docs/guide.md#guide',
    'section:docs/guide.md#linux next section:docs/guide.md#use',
  ])
  t.deepEqual(found.associations.map(({ type, label }) => `${label} ${type}`).slice(0, 4), [
    'part_of compositional',
    'part_of compositional',
    'under hierarchical',
    'next temporal',
  ])
})

test('code blocks and comments have no headings and no links', (t) => {
  const text = [
    '# A',
    '```sh',
    '# not a heading [x](b.md)',
    '```',
    '<!--',
    '# nor this',
    '-->',
    '~~~~',
    '~~~',
    '# nor that',
    '~~~~',
    'Inline `[y](c.md)` code.',
  ].join('\n')
  const found = extractText('a.md', text)
  t.deepEqual(Object.keys(contents(found)), ['doc:a.md', 'section:a.md#a'])
  t.true(contents(found)['section:a.md#a']!.includes('# not a heading'))
  t.false(contents(found)['section:a.md#a']!.includes('nor this'))
  t.deepEqual(associations(found), ['section:a.md#a part_of doc:a.md'])
})

test('underlined, closed and HTML headings count; a line below a list does not', (t) => {
  const text = [
    'Top',
    '===',
    'text',
    '',
    'Second',
    '---',
    '- item',
    '---',
    '## Closed ##',
    '<h2 align="center">Html <b>one</b></h2>',
    '####### seven',
    '#none',
  ].join('\n')
  t.deepEqual(Object.keys(contents(extractText('a.md', text))), [
    'doc:a.md',
    'section:a.md#top',
    'section:a.md#second',
    'section:a.md#closed',
    'section:a.md#html-one',
  ])
})

test('anchors are those of GitHub, repeated ones are numbered', (t) => {
  const text = '# What’s *new*?\n# `code` & [link](b.md)\n# A\n# A\n# A\n# A-1\n# 安装\n# !!!\n'
  t.deepEqual(Object.keys(contents(extractText('a.md', text))).slice(1), [
    'section:a.md#whats-new',
    'section:a.md#code--link',
    'section:a.md#a',
    'section:a.md#a-1',
    'section:a.md#a-2',
    'section:a.md#a-1-1',
    'section:a.md#安装',
    'section:a.md#section',
  ])
})

test('front matter gives the title, text before the first heading is the document', (t) => {
  const found = extractText('a.md', '---\ntitle: "The title"\ntags: x\n---\nFirst words.\n\n# H\n')
  t.is(found.concepts[0]!.content, 'a.md: The title\n\nFirst words.\n\nSections: H')
  t.is(found.concepts[0]!.attributes!.title, 'The title')
})

const LINKS: [link: string, targets: string[]][] = [
  ['[a](b.md)', ['doc:docs/b.md', 'folder:docs/b.md', 'doc:docs/b.md.md']],
  [
    '[a](../x/y.md#Part-One)',
    [
      'section:x/y.md#part-one',
      'section:x/y.md.md#part-one',
      'doc:x/y.md',
      'folder:x/y.md',
      'doc:x/y.md.md',
    ],
  ],
  ['[a](/top.md)', ['doc:top.md', 'folder:top.md', 'doc:top.md.md']],
  ['[a](img/)', ['doc:docs/img', 'folder:docs/img', 'doc:docs/img.md']],
  ['[a](<b.md> "title")', ['doc:docs/b.md', 'folder:docs/b.md', 'doc:docs/b.md.md']],
  ['[a](b%20c.md?raw=1)', ['doc:docs/b c.md', 'folder:docs/b c.md', 'doc:docs/b c.md.md']],
  ['[a](#other)', ['section:docs/a.md#other']],
  ['[a][r]\n\n[r]: r.md', ['doc:docs/r.md', 'folder:docs/r.md', 'doc:docs/r.md.md']],
  ['[r][]\n\n[R]: r.md', ['doc:docs/r.md', 'folder:docs/r.md', 'doc:docs/r.md.md']],
  ['see [r].\n\n[r]: <r.md>', ['doc:docs/r.md', 'folder:docs/r.md', 'doc:docs/r.md.md']],
  [
    '[[Page One]]',
    ['doc:docs/Page One.md', 'doc:docs/Page One', 'doc:Page One.md', 'doc:Page One'],
  ],
]

for (const [link, targets] of LINKS) {
  test(`a link: ${JSON.stringify(link)}`, (t) => {
    const { associations: found } = extractText('docs/a.md', link)
    t.deepEqual(
      found.map(({ source, type, label, targets: keys }) => [source, type, label, keys]),
      [['doc:docs/a.md', 'semantic', 'links_to', targets]],
    )
  })
}

const NO_LINKS = [
  '[a](https://example.org/b.md)',
  '[a](mailto:a@b.c)',
  '[a](//host/b.md)',
  '[a](../../outside.md)',
  '[a](#)',
  '![image](b.png)',
  '[a]',
  '[a][unknown]',
]

for (const link of NO_LINKS) {
  test(`no link inside the folder: ${link}`, (t) => {
    t.deepEqual(extractText('docs/a.md', link).associations, [])
  })
}

test('a long section is split into parts that follow one another', (t) => {
  const paragraphs = Array.from({ length: 40 }, (_, at) => `Paragraph ${at} ${'word '.repeat(40)}`)
  const found = extractText('a.md', `# Long\n\n${paragraphs.join('\n\n')}\n\n# After\n`, {
    ...LIMITS,
    contentBytesMax: 2000,
  })
  const keys = found.concepts.map(({ key }) => key)
  t.is(keys[1], 'section:a.md#long')
  t.is(keys[2], 'section:a.md#long~2')
  t.is(keys.at(-1), 'section:a.md#after')
  for (const { content } of found.concepts) t.true(Buffer.byteLength(content) <= 2000)
  const all = found.concepts.map(({ content }) => content).join('\n')
  for (const at of paragraphs.keys()) t.true(all.includes(`Paragraph ${at} `))
  const order = associations(found).filter((one) => one.includes(' next '))
  t.is(order.length, keys.length - 2)
  t.is(order.at(-1), `${keys.at(-2)} next section:a.md#after`)
})

test('more sections than allowed are reported', (t) => {
  const found = extractText('a.md', '# H\n'.repeat(20), { ...LIMITS, conceptsPerFileMax: 10 })
  t.is(found.concepts.length, 10)
  t.deepEqual(found.notes, ['more than 10 concepts, the rest is left out'])
})

const SLOW = ['[', '[]', '[](', '![', '`', '# ', '<h1>', ' ', '[a]: ', '---\n', '<!--', '[[', '\n']

for (const piece of SLOW) {
  test(`a file of nothing but ${JSON.stringify(piece)} is read in a moment`, (t) => {
    const started = process.cpuUsage()
    extractText('a.md', piece.repeat(300_000 / piece.length))
    const { user } = process.cpuUsage(started)
    t.true(user < 5e6, `${user} µs`)
  })
}
