// One file in, concepts and associations out: the choice of the extractor by name.

import type { Extracted, ExtractLimits, Extractor } from '../extracted.js'
import { extractCargoToml } from './cargo-toml.js'
import { extractJson } from './json.js'
import { extractMarkdown } from './markdown.js'
import { extractPackageJson } from './package-json.js'
import { extractSource, isSource } from './source.js'
import { decodeText } from './text-encoding.js'
import { extractText } from './text.js'

const BY_NAME: Readonly<Record<string, Extractor>> = {
  'package.json': extractPackageJson,
  'cargo.toml': extractCargoToml,
  makefile: extractText,
  dockerfile: extractText,
  license: extractText,
  licence: extractText,
  copying: extractText,
  notice: extractText,
  authors: extractText,
  changelog: extractText,
  readme: extractText,
  contributing: extractText,
  codeowners: extractText,
}

const BY_EXTENSION: Readonly<Record<string, Extractor>> = {
  md: extractMarkdown,
  markdown: extractMarkdown,
  mdx: extractMarkdown,
  json: extractJson,
  ...Object.fromEntries(
    `txt text rst adoc asciidoc org tex csv tsv yml yaml toml ini cfg conf properties xml html htm
     css scss sql sh bash zsh fish ps1 bat proto graphql tf rb lua r jl ex exs erl hs ml clj vue
     svelte diff patch srt vtt`
      .split(/\s+/)
      .map((extension) => [extension, extractText]),
  ),
}

/** The extractor for a file name, or undefined if files of that kind are not read. */
export function extractorFor(path: string): Extractor | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase()
  if (Object.hasOwn(BY_NAME, name)) return BY_NAME[name]
  const dot = name.lastIndexOf('.')
  const extension = name.slice(dot + 1)
  if (dot < 0) return undefined
  if (isSource(extension)) return extractSource
  return Object.hasOwn(BY_EXTENSION, extension) ? BY_EXTENSION[extension] : undefined
}

/** What one file came to: what was found, or why it was not read. */
export type ExtractResult =
  { found: Extracted } | { refused: 'unsupported' | 'binary' | 'encoding' }

/** Reads the bytes of one file. Pure: the same bytes under the same path give the same result. */
export function extract(path: string, bytes: Uint8Array, limits: ExtractLimits): ExtractResult {
  const extractor = extractorFor(path)
  if (extractor === undefined) return { refused: 'unsupported' }
  const decoded = decodeText(bytes)
  if ('refused' in decoded) return decoded
  return { found: extractor(path, decoded.text, limits) }
}
