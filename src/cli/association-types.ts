import { listOf } from '../config/index.js'
import { flag } from './command.js'

/** The flag that names classes of associations. */
export const TYPES_FLAG = flag(
  '--type <types>',
  listOf('semantic', 'causal', 'temporal', 'hierarchical', 'compositional'),
  'only associations of these classes',
)
