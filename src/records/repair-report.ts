// The report of a repair, from the answer of the engine (crates/node/src/report.rs).

import type { Message } from '../completions.js'
import { decodeMessagePack } from '../message-pack/reader.js'
import type { Fate, LostAssociation, LostConcept, RepairReport } from '../types.js'
import { TYPE_NAMES } from '../validate/fields.js'

type RawLeftOut = [file: string, readable: number, total: number | null]
type RawConcept = [id: string, key: string, fate: Fate, sequence: number | null]
type RawEdge = [
  source: string,
  target: string,
  type: number,
  label: string,
  fate: Fate,
  sequence: number | null,
]
type RawRepair = [
  sound: number,
  rebuilt: number,
  leftOut: RawLeftOut[],
  logEndsAt: number | null,
  concepts: RawConcept[],
  edges: RawEdge[],
  aside: string,
]

export function readRepairReport({ buffer, at }: Message, confirm: boolean): RepairReport {
  const raw = decodeMessagePack(buffer, at) as RawRepair
  const [sound, rebuilt, leftOut, logEndsAt, concepts, edges, aside] = raw
  return {
    sound: sound === 1,
    done: confirm && sound === 0,
    manifestRebuilt: rebuilt === 1,
    leftOut: leftOut.map(readLeftOut),
    ...(logEndsAt === null ? {} : { logEndsAt }),
    concepts: concepts.map(readConcept),
    associations: edges.map(readAssociation),
    ...(aside === '' ? {} : { aside }),
  }
}

function readLeftOut([file, readable, total]: RawLeftOut): RepairReport['leftOut'][number] {
  return { file, readable, ...(total === null ? {} : { total }) }
}

function readConcept([id, key, fate, sequence]: RawConcept): LostConcept {
  return {
    id,
    ...(key === '' ? {} : { key }),
    fate,
    ...(sequence === null ? {} : { sequence }),
  }
}

function readAssociation(raw: RawEdge): LostAssociation {
  const [source, target, type, label, fate, sequence] = raw
  return {
    source,
    target,
    type: TYPE_NAMES[type] ?? 'semantic',
    ...(label === '' ? {} : { label }),
    fate,
    ...(sequence === null ? {} : { sequence }),
  }
}
