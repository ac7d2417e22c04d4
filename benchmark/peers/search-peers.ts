// The peers of the questions about search, filled with the same data.

import { hnswlib } from './hnswlib.js'
import { lancedb } from './lancedb.js'
import type { PeerKind } from './peer.js'
import { sqlite } from './sqlite.js'
import { usearch } from './usearch.js'

/** Those that are indexes only before those that are stores. */
export const SEARCH_PEERS: readonly PeerKind[] = [usearch, hnswlib, sqlite, lancedb]
