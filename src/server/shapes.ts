// Answers as JSON, in the snake_case words the servers and `--json` of the command line share.
import type {
  Association,
  BackgroundStats,
  Concept,
  Embedder,
  IndexStats,
  Path,
  SearchHit,
  Store,
} from '../types.js'

/** A concept without its vector. Absent fields are left out. */
export function conceptShape(concept: Concept): Record<string, unknown> {
  return {
    concept_id: concept.id,
    content: concept.content,
    strength: concept.strength,
    confidence: concept.confidence,
    attributes: concept.attributes,
    key: concept.key,
    namespace: concept.namespace,
    created_at: concept.createdAt.toISOString(),
    updated_at: concept.updatedAt.toISOString(),
    valid_from: concept.validFrom?.toISOString(),
    valid_to: concept.validTo?.toISOString(),
    sequence: concept.sequence,
  }
}

/** One hit of a search that explains. */
export function hitShape(hit: SearchHit): Record<string, unknown> {
  return {
    concept_id: hit.id,
    content: hit.concept.content,
    similarity: similarityOf(hit),
    score: hit.score,
    strength: hit.concept.strength,
  }
}

/** How near the hit is by its vector; of one that only words found, its score. */
export function similarityOf(hit: SearchHit): number {
  return hit.explain?.vector?.score ?? hit.score
}

/** Hits that are as near as is asked for. One without a vector has none to be too far. */
export function nearEnough(hits: SearchHit[], threshold: number | undefined): SearchHit[] {
  if (threshold === undefined) return hits
  return hits.filter(({ explain }) => (explain?.vector?.score ?? threshold) >= threshold)
}

/** One association with both ends. */
export function associationShape(association: Association): Record<string, unknown> {
  return {
    source_id: association.source,
    target_id: association.target,
    type: association.type,
    label: association.label,
    confidence: association.confidence,
    weight: association.weight,
    attributes: association.attributes,
    created_at: association.createdAt.toISOString(),
    valid_from: association.validFrom?.toISOString(),
    valid_to: association.validTo?.toISOString(),
    sequence: association.sequence,
  }
}

/** One path with its edges, so that an answer can be explained. */
export function pathShape(path: Path): Record<string, unknown> {
  return {
    concepts: path.concepts,
    confidence: path.confidence,
    associations: path.associations.map(associationShape),
  }
}

/** What of an embedder an answer shows. */
export type EmbedderInfo = Pick<Embedder, 'name' | 'dimension'>

const MIB = 1024 * 1024

/**
 * Numbers of a store under both vocabularies: the short names of the production checklist and the
 * `total_*` names of the earlier HTTP API. `memory_usage_mb` is the whole process, in MiB.
 */
export function statsShape(store: Store, embedder?: EmbedderInfo): Record<string, unknown> {
  const stats = store.stats()
  return {
    concepts: stats.concepts,
    edges: stats.edges,
    vectors: stats.vectors,
    written: stats.written,
    // Nothing accepted is ever dropped: a write that finds no room is refused.
    dropped: 0,
    pending: store.reconcilerStats().queue_depth,
    reconciliations: stats.reconciliations,
    uptime_seconds: Math.floor(stats.uptimeSeconds),
    sequence: stats.sequence,
    shards: stats.shards,
    durability: stats.durability,
    total_concepts: stats.concepts,
    total_associations: stats.edges,
    total_embeddings: stats.vectors,
    embedding_provider: embedder?.name ?? null,
    embedding_dimension: embedder?.dimension ?? null,
    memory_usage_mb: Math.round((process.memoryUsage.rss() / MIB) * 10) / 10,
    memory_bytes: stats.memoryBytes,
    disk_bytes: stats.diskBytes,
    recovery: {
      commits: stats.recovery.commits,
      log_bytes: stats.recovery.logBytes,
      torn_bytes: stats.recovery.tornBytes,
      orphans: stats.recovery.orphans,
      duration_us: stats.recovery.durationUs,
    },
    background: backgroundShape(stats.background),
    index: indexShape(stats.index),
    embedding: {
      waiting: stats.embedding.waiting,
      filled: stats.embedding.filled,
      failed: stats.embedding.failed,
      last_error: stats.embedding.lastError ?? null,
    },
  }
}

function indexShape(index: IndexStats): Record<string, unknown> {
  return {
    parts: index.parts,
    files: index.files,
    documents: index.documents,
    ended: index.ended,
    file_bytes: index.fileBytes,
    covered_sequence: index.coveredSequence,
    catching_up: index.catchingUp,
    files_written: index.filesWritten,
    bytes_written: index.bytesWritten,
    files_dropped: index.filesDropped,
    failures: index.failures,
    error: index.error ?? null,
  }
}

function backgroundShape(background: BackgroundStats): Record<string, unknown> {
  return {
    segments: background.segments,
    vector_files: background.vectorFiles,
    floor_sequence: background.floorSequence,
    waiting: background.waiting,
    flushes: background.flushes,
    flush_failures: background.flushFailures,
    flush_bytes: background.flushBytes,
    flush_error: background.flushError ?? null,
    compactions: background.compactions,
    compaction_failures: background.compactionFailures,
    compaction_bytes: background.compactionBytes,
    compaction_error: background.compactionError ?? null,
    graphs: background.graphs,
    vectors_without_graph: background.vectorsWithoutGraph,
    graphs_built: background.graphsBuilt,
    graph_failures: background.graphFailures,
    graph_bytes: background.graphBytes,
    graphs_dropped: background.graphsDropped,
    graph_error: background.graphError ?? null,
    obsolete_files: background.obsoleteFiles,
  }
}
