// What an extractor gives: concepts and associations by key, before any store is asked.

import type { AssociationType, Attributes } from '../types.js'

/** What a learned concept is. It is the attribute `kind` and, shortened, the start of its key. */
export type ConceptKind = 'document' | 'section' | 'symbol' | 'folder' | 'package'

/** One concept found in a file. */
export interface ExtractedConcept {
  key: string
  kind: ConceptKind
  content: string
  /** Beside kind, path and what the learner adds itself. */
  attributes?: Attributes
}

/** One association found in a file. */
export interface ExtractedAssociation {
  /** Key of the source, always one of the same file. */
  source: string
  /** Keys the target may have, best first. The first that exists is taken. */
  targets: readonly string[]
  type: AssociationType
  label: string
  attributes?: Attributes
}

/** What a manifest says of one package. Several files may speak of one package. */
export interface PackageFacts {
  key: string
  name: string
  ecosystem: 'npm' | 'cargo'
  version?: string
  description?: string
  keywords?: readonly string[]
  dependencies: readonly PackageDependency[]
}

/** One line of a dependency list. */
export interface PackageDependency {
  key: string
  name: string
  range?: string
  /** 'normal' ones are needed at run time. */
  use: 'normal' | 'dev' | 'peer' | 'optional' | 'build'
}

/** Everything found in one file. */
export interface Extracted {
  /** The document itself first. */
  concepts: ExtractedConcept[]
  associations: ExtractedAssociation[]
  packages: PackageFacts[]
  /** What was read otherwise than its name says, for the report. */
  notes: string[]
}

/** Sizes extractors keep to. */
export interface ExtractLimits {
  /** Bytes of UTF-8 in one concept's content; longer text is split. */
  contentBytesMax: number
  /** Concepts of one file. */
  conceptsPerFileMax: number
}

/** Turns the text of one file into concepts and associations. Pure: no disk, no store, no clock. */
export type Extractor = (path: string, text: string, limits: ExtractLimits) => Extracted

/** An empty result to fill. */
export function nothingExtracted(): Extracted {
  return { concepts: [], associations: [], packages: [], notes: [] }
}
